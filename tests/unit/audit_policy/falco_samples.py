"""For each of Falco's audit rules, requests on which it fires where all is recorded, and requests on which it must not."""

from typing import Any

from k8s_audit.audit_policy.evaluate import Request

Event = dict[str, Any]
GROUPS = {
    "deployments": "apps", "ingresses": "networking.k8s.io", "roles": "rbac.authorization.k8s.io",
    "rolebindings": "rbac.authorization.k8s.io", "clusterroles": "rbac.authorization.k8s.io",
    "clusterrolebindings": "rbac.authorization.k8s.io",
}  # fmt: skip
CLUSTER_WIDE = ("namespaces", "nodes", "clusterroles", "clusterrolebindings")


def event(
    verb: str,
    resource: str,
    body: Event | None = None,
    *,
    user: str = "mallory@example.com",
    namespace: str = "shop",
    name: str = "x",
    subresource: str = "",
    code: int = 0,
    stage: str = "ResponseComplete",
    query: str = "",
) -> Event:
    """One with all that a policy can record."""
    named = {"resource": resource, "name": name, "apiVersion": "v1"}
    if resource not in CLUSTER_WIDE:
        named["namespace"] = namespace
    if group := GROUPS.get(resource):
        named["apiGroup"] = group
    if subresource:
        named["subresource"] = subresource
    path = "/".join(filter(None, [namespace, resource, name, subresource]))
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": "a",
        "stage": stage,
        "requestURI": f"/apis/v1/namespaces/{path}{query}",
        "verb": verb,
        "user": {"username": user},
        "objectRef": named,
        "responseStatus": {"code": code or (201 if verb == "create" else 200), "reason": "x"},
        "requestObject": body or {},
        "responseObject": {"metadata": {"name": name}},
        "stageTimestamp": "2026-01-01T00:00:00.000000Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "RBAC"},
    }


def path_event(verb: str, path: str, user: str) -> Event:
    """Of a path that is no resource."""
    made = event(verb, "", user=user) | {"requestURI": path}
    for part in ("objectRef", "requestObject", "responseObject"):
        del made[part]
    return made


def pod(container: Event | None = None, **spec: Any) -> Event:
    """The body of a Pod."""
    return {"metadata": {"name": "x"}, "spec": {"containers": [{"image": "evil", **(container or {})}], **spec}}


def connections(subresource: str, stage: str) -> list[Event]:
    """By POST, as SPDY does it, and by GET, as WebSockets do."""
    return [
        event(verb, "pods", subresource=subresource, stage=stage, code=101, query="?command=sh")
        for verb in ("create", "get")
    ]


def role(*rules: Event) -> Event:
    return {"rules": list(rules)}


def request_of(sample: Event) -> Request:
    """As a policy sees it."""
    named, user = sample.get("objectRef", {}), sample["user"]["username"]
    groups = ("system:unauthenticated",) if user == "system:anonymous" else ("system:authenticated",)
    return Request(
        user,
        sample["verb"],
        named.get("resource", ""),
        groups,
        named.get("apiGroup", ""),
        named.get("subresource", ""),
        named.get("namespace", ""),
        named.get("name", ""),
        sample["requestURI"],
    )


ROLE = role({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]})
BINDING = {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "User", "name": "m"}]}
CREDENTIALS = {"data": "password: x"}
"""Of a ConfigMap: Falco looks through the text of its data."""
FIRES: dict[str, list[Event]] = {
    "Disallowed K8s User": [event("get", "pods"), event("create", "pods", pod())],
    "Create Disallowed Pod": [event("create", "pods", pod())],
    "Create Privileged Pod": [event("create", "pods", pod({"securityContext": {"privileged": True}}))],
    "Create Sensitive Mount Pod": [event("create", "pods", pod(volumes=[{"hostPath": {"path": "/etc"}}]))],
    "Create HostNetwork Pod": [event("create", "pods", pod(hostNetwork=True))],
    "Create HostPid Pod": [event("create", "pods", pod(hostPID=True))],
    "Create HostIPC Pod": [event("create", "pods", pod(hostIPC=True))],
    "Create NodePort Service": [event("create", "services", {"spec": {"type": "NodePort", "ports": [{"port": 80}]}})],
    "Create/Modify Configmap With Private Credentials": [
        event("create", "configmaps", CREDENTIALS | {"metadata": {"name": "x"}}),
        event(
            "patch",
            "configmaps",
            CREDENTIALS | {"metadata": {"name": "aws-auth"}},
            namespace="kube-system",
            name="aws-auth",
        ),
    ],
    "Anonymous Request Allowed": [
        path_event("get", "/metrics", "system:anonymous"),
        event("create", "pods", pod(), user="system:anonymous"),
    ],
    "Attach/Exec Pod": connections("exec", "ResponseStarted"),
    "port-forward": connections("portforward", "ResponseStarted"),
    "EphemeralContainers Created": [
        event(
            "patch",
            "pods",
            {"spec": {"ephemeralContainers": [{"name": "d", "image": "i"}]}},
            subresource="ephemeralcontainers",
        )
    ],
    "Create Disallowed Namespace": [event("create", "namespaces")],
    "Pod Created in Kube Namespace": [event("create", "pods", pod(), namespace="kube-system")],
    "Service Account Created in Kube Namespace": [event("create", "serviceaccounts", namespace="kube-system")],
    "System ClusterRole Modified/Deleted": [event("patch", "clusterroles", name="system:node")],
    "Attach to cluster-admin Role": [event("create", "clusterrolebindings", BINDING)],
    "ClusterRole With Wildcard Created": [
        event("create", "clusterroles", role({"resources": ["*"], "verbs": ["get"]}))
    ],
    "ClusterRole With Write Privileges Created": [
        event("create", "clusterroles", role({"resources": ["pods"], "verbs": ["delete"]}))
    ],
    "ClusterRole With Pod Exec Created": [
        event("create", "roles", role({"resources": ["pods/exec"], "verbs": ["create"]}))
    ],
    "K8s Role Created": [event("create", "roles", ROLE)],
    "K8s ClusterRole Created": [event("create", "clusterroles", ROLE)],
    "K8s RoleBinding Created": [event("create", "rolebindings", BINDING)],
    "K8s ClusterRoleBinding Created": [event("create", "clusterrolebindings", BINDING)],
    **{
        f"K8s {kind} {done}": [event(done.lower()[:-1], f"{kind.lower()}s")]
        for kind in ("Deployment", "Service", "ConfigMap", "Namespace", "Serviceaccount", "Secret")
        for done in ("Created", "Deleted")
    },
    **{
        f"K8s {kind} Deleted": [event("delete", f"{kind.lower()}s")]
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    },
    "K8s Secret Get Successfully": [event("get", "secrets")],
    "K8s Secret Get Unsuccessfully Tried": [event("get", "secrets", code=403)],
    "All K8s Audit Events": [event("get", "pods")],
    "Full K8s Administrative Access": [event("get", "pods", user="kubernetes-admin")],
    "Ingress Object without TLS Certificate Created": [event("create", "ingresses", {"spec": {"rules": []}})],
    "Untrusted Node Successfully Joined the Cluster": [event("create", "nodes")],
    "Untrusted Node Unsuccessfully Tried to Join the Cluster": [event("create", "nodes", code=403)],
}
INNOCENT: dict[str, list[Event]] = {
    "Pod Created in Kube Namespace": [
        event("create", "pods", pod({"image": "gke.gcr.io/kube-proxy:v1"}), namespace="kube-system")
    ],
    "Ingress Object without TLS Certificate Created": [
        event("create", "ingresses", {"spec": {"tls": [{"hosts": ["x"]}]}})
    ],
}
"""On which the rule keeps silent where all is recorded; every other rule has no test of a body that it negates."""
