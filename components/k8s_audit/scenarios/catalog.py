"""The scenarios: the seed's own test, and others of the same kind.

Pods ask for a node that there is not, so none of them ever runs, and each has a service account of its own without any
right. What would stay dangerous if the run were killed (a binding to cluster-admin, a namespace, a system role) is a dry run:
judged and audited like any other request, and stored nowhere.
"""

from types import MappingProxyType
from typing import Any

from k8s_audit.scenarios.scenario import Scenario, Step

CORE, APPS, RBAC = "/api/v1", "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"
HERE, KUBE_SYSTEM = f"{CORE}/namespaces/{{namespace}}", f"{CORE}/namespaces/kube-system"
RBAC_HERE, APPS_HERE = f"{RBAC}/namespaces/{{namespace}}", f"{APPS}/namespaces/{{namespace}}"
IMAGE = "nginx"
"""As in the seed's `kubectl run nginx --image nginx --privileged`; never pulled, unless with --run-pods."""
NOWHERE = {"k8s-audit-scenario": "{name}"}
"""A node selector that no node has."""
FAKE_KEY = "AKIA0000000000000000"
"""Looks like a key and is none."""


def _pod_spec(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "containers": [{"name": "main", "image": IMAGE} | container],
        "serviceAccountName": "{name}",
        "automountServiceAccountToken": False,
        "nodeSelector": NOWHERE,
    } | spec


def _pod(rule: str = "", container: dict[str, Any] | None = None, where: str = HERE, **spec: Any) -> tuple[Step, Step]:
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": _pod_spec(container or {}, **spec)}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": False}
    return (
        Step("POST", f"{where}/serviceaccounts", account),
        Step("POST", f"{where}/pods", pod, rule),
    )


def _object(path: str, kind: str, rule: str = "", **body: Any) -> Step:
    group = path.removeprefix("/apis/").split("/namespaces/")[0] if path.startswith("/apis/") else "v1"
    version = "/".join(group.split("/")[:2])
    return Step("POST", path, {"apiVersion": version, "kind": kind} | body, rule)


def _created_and_deleted(path: str, kind: str, **body: Any) -> tuple[Step, Step]:
    spelled = {"ServiceAccount": "Serviceaccount"}.get(kind, kind)
    rules = [] if kind == "DaemonSet" else [f"K8s {spelled} Created", f"K8s {spelled} Deleted"]
    created, deleted = rules or ("", "")
    return _object(path, kind, created, **body), Step("DELETE", f"{path}/{{name}}", rule=deleted)


def _cluster_role(rule: str, resources: list[str], verbs: list[str]) -> Step:
    rules = [{"apiGroups": [""], "resources": resources, "verbs": verbs}]
    return _object(f"{RBAC}/clusterroles", "ClusterRole", rule, rules=rules)


def _dry(step: Step, name: str = "{name}") -> Step:
    return Step(step.method, step.path, step.body, step.rule, name, dry_run=True)


def _binding(role_kind: str, role: str) -> dict[str, Any]:
    """The binding's subject is a service account that there is not, in the run's own name."""
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "{name}-nobody", "namespace": "{namespace}"}],
    }


def _workload(**more: Any) -> dict[str, Any]:
    labels = {"app": "{name}"}
    template = {"metadata": {"labels": labels}, "spec": _pod_spec({})}
    return {"spec": {"selector": {"matchLabels": labels}, "template": template} | more}


ATTACH_EXEC = "Attach/Exec Pod"
CONFIG_MAP = _created_and_deleted(f"{HERE}/configmaps", "ConfigMap", data={"a": "1"})
SECRET = _created_and_deleted(f"{HERE}/secrets", "Secret", type="Opaque")
ALL_SCENARIOS = (
    Scenario(
        "privileged-pod",
        "the test of Sysdig's guide: kubectl run nginx --image nginx --privileged",
        _pod("Create Privileged Pod", {"securityContext": {"privileged": True}}),
    ),
    Scenario(
        "sensitive-mount-pod",
        "a pod that mounts /etc of its node",
        _pod("Create Sensitive Mount Pod", volumes=[{"name": "etc", "hostPath": {"path": "/etc"}}]),
    ),
    Scenario("hostnetwork-pod", "a pod in its node's network", _pod("Create HostNetwork Pod", hostNetwork=True)),
    Scenario("hostpid-pod", "a pod among its node's processes", _pod("Create HostPid Pod", hostPID=True)),
    Scenario("hostipc-pod", "a pod in its node's IPC namespace", _pod("Create HostIPC Pod", hostIPC=True)),
    Scenario(
        "pod-in-kube-namespace",
        "a pod in kube-system",
        _pod("Pod Created in Kube Namespace", where=KUBE_SYSTEM),
    ),
    Scenario(
        "exec-pod",
        "exec into a pod; the connection is never opened, so no command runs",
        (*_pod(), Step("POST", f"{HERE}/pods/{{name}}/exec?command=id&stdout=true", rule=ATTACH_EXEC)),
    ),
    Scenario(
        "attach-pod",
        "attach to a pod; the connection is never opened",
        (*_pod(), Step("POST", f"{HERE}/pods/{{name}}/attach?stdout=true", rule=ATTACH_EXEC)),
    ),
    Scenario(
        "port-forward",
        "forward a port of a pod; the connection is never opened",
        (*_pod(), Step("POST", f"{HERE}/pods/{{name}}/portforward?ports=80", rule="port-forward")),
    ),
    Scenario(
        "ephemeral-container",
        "add a debug container to a pod",
        (
            *_pod(),
            Step(
                "PATCH",
                f"{HERE}/pods/{{name}}/ephemeralcontainers",
                {"spec": {"ephemeralContainers": [{"name": "debug", "image": IMAGE}]}},
                "EphemeralContainers Created",
            ),
        ),
    ),
    Scenario(
        "configmap-with-credentials",
        "a ConfigMap with an AWS key (a fake one)",
        (
            _object(
                f"{HERE}/configmaps",
                "ConfigMap",
                "Create/Modify Configmap With Private Credentials",
                data={"aws_access_key_id": FAKE_KEY},
            ),
        ),
    ),
    Scenario(
        "nodeport-service",
        "a Service on a port of each node, with no pod behind it",
        (
            _object(
                f"{HERE}/services",
                "Service",
                "Create NodePort Service",
                spec={"type": "NodePort", "selector": NOWHERE, "ports": [{"port": 80}]},
            ),
        ),
    ),
    Scenario(
        "clusterrole-with-wildcard",
        "a ClusterRole that may all, bound to nobody",
        (_cluster_role("ClusterRole With Wildcard Created", ["*"], ["*"]),),
    ),
    Scenario(
        "clusterrole-with-pod-exec",
        "a ClusterRole that may exec into pods, bound to nobody",
        (_cluster_role("ClusterRole With Pod Exec Created", ["pods/exec"], ["get"]),),
    ),
    Scenario(
        "clusterrole-with-write",
        "a ClusterRole that may write, bound to nobody",
        (_cluster_role("ClusterRole With Write Privileges Created", ["configmaps"], ["create", "delete"]),),
    ),
    Scenario(
        "system-clusterrole",
        "a ClusterRole named like the system's own; as a dry run",
        (_dry(_cluster_role("System ClusterRole Modified/Deleted", ["configmaps"], ["get"]), "system:{name}"),),
    ),
    Scenario(
        "attach-cluster-admin",
        "a binding of nobody to cluster-admin; as a dry run",
        (
            _dry(
                _object(
                    f"{RBAC}/clusterrolebindings",
                    "ClusterRoleBinding",
                    "Attach to cluster-admin Role",
                    **_binding("ClusterRole", "cluster-admin"),
                )
            ),
        ),
    ),
    Scenario(
        "namespace-created",
        "a namespace outside the known ones; as a dry run",
        (_dry(_object(f"{CORE}/namespaces", "Namespace", "Create Disallowed Namespace")),),
    ),
    Scenario(
        "serviceaccount-in-kube-namespace",
        "a service account in kube-system",
        (
            _object(
                f"{KUBE_SYSTEM}/serviceaccounts",
                "ServiceAccount",
                "Service Account Created in Kube Namespace",
                automountServiceAccountToken=False,
            ),
        ),
    ),
    Scenario(
        "ingress-without-tls",
        "an Ingress without TLS, of a class that no controller serves",
        (
            _object(
                "/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses",
                "Ingress",
                "Ingress Object without TLS Certificate Created",
                spec={
                    "ingressClassName": "{name}",
                    "defaultBackend": {"service": {"name": "{name}", "port": {"number": 80}}},
                },
            ),
        ),
    ),
    Scenario(
        "deployment",
        "a Deployment without replicas, created and deleted",
        _created_and_deleted(f"{APPS_HERE}/deployments", "Deployment", **_workload(replicas=0)),
    ),
    Scenario(
        "daemonset",
        "a DaemonSet for no node, created and deleted; no rule of Falco's is about it",
        _created_and_deleted(f"{APPS_HERE}/daemonsets", "DaemonSet", **_workload()),
    ),
    Scenario(
        "service",
        "a Service, created and deleted",
        _created_and_deleted(f"{HERE}/services", "Service", spec={"selector": NOWHERE, "ports": [{"port": 80}]}),
    ),
    Scenario(
        "serviceaccount",
        "a service account, created and deleted",
        _created_and_deleted(f"{HERE}/serviceaccounts", "ServiceAccount", automountServiceAccountToken=False),
    ),
    Scenario(
        "configmap",
        "a ConfigMap, created, changed and deleted",
        (
            CONFIG_MAP[0],
            Step("PATCH", f"{HERE}/configmaps/{{name}}", {"data": {"a": "2"}}),
            CONFIG_MAP[1],
        ),
    ),
    Scenario(
        "secret",
        "a Secret (with nothing in it), created, changed, read and deleted; its body is in no event",
        (
            SECRET[0],
            Step("PATCH", f"{HERE}/secrets/{{name}}", {"metadata": {"annotations": {"changed": "true"}}}),
            Step("GET", f"{HERE}/secrets/{{name}}", rule="K8s Secret Get Successfully"),
            SECRET[1],
            Step("GET", f"{HERE}/secrets/{{name}}", rule="K8s Secret Get Unsuccessfully Tried"),
        ),
    ),
    Scenario(
        "role",
        "a Role, created and deleted",
        _created_and_deleted(
            f"{RBAC_HERE}/roles",
            "Role",
            rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}],
        ),
    ),
    Scenario(
        "rolebinding",
        "a RoleBinding of nobody to a Role that there is not, created and deleted",
        _created_and_deleted(f"{RBAC_HERE}/rolebindings", "RoleBinding", **_binding("Role", "{name}")),
    ),
    Scenario(
        "clusterrole",
        "a ClusterRole, created and deleted",
        (
            _cluster_role("K8s ClusterRole Created", ["configmaps"], ["get"]),
            Step("DELETE", f"{RBAC}/clusterroles/{{name}}", rule="K8s ClusterRole Deleted"),
        ),
    ),
    Scenario(
        "clusterrolebinding",
        "a ClusterRoleBinding of nobody to a ClusterRole that there is not, created and deleted",
        _created_and_deleted(f"{RBAC}/clusterrolebindings", "ClusterRoleBinding", **_binding("ClusterRole", "{name}")),
    ),
    Scenario(
        "endpoints-watched",
        "a watch of all endpoints, for a second; no rule of Falco's is about it",
        (Step("GET", f"{HERE}/endpoints?watch=true&timeoutSeconds=1"),),
    ),
)
SCENARIOS = MappingProxyType({scenario.name: scenario for scenario in ALL_SCENARIOS})
"""By name."""
