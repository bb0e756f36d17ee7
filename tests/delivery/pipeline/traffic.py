"""Requests of all verbs, subresources, groups and failures at a real API server, and the audit log that it writes of them."""

import base64
import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import yaml

from k8s_audit.local_cluster import LocalCluster

Json = dict[str, Any]
POD_SPEC: Json = {"containers": [{"name": "c", "image": "registry.example/web:1", "resources": {"limits": {"cpu": 1}}}]}
LABELS = {"app": "web"}
TEMPLATE: Json = {"metadata": {"labels": LABELS}, "spec": POD_SPEC}
SELECTOR: Json = {"selector": {"matchLabels": LABELS}}
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
ROLE_REF = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"}
CRON: Json = {
    "schedule": "0 0 * * *",
    "jobTemplate": {"spec": {"template": {"spec": POD_SPEC | {"restartPolicy": "Never"}}}},
}
KINDS: list[tuple[str, str, str, Json]] = [
    ("api/v1", "pods", "Pod", {"spec": POD_SPEC}),
    ("api/v1", "services", "Service", {"spec": {"type": "NodePort", "ports": [{"port": 80}]}}),
    ("api/v1", "configmaps", "ConfigMap", {"data": {"a.properties": 'x = "<&>" \u00fc\n'}}),
    ("api/v1", "secrets", "Secret", {"stringData": {"password": "p"}}),
    ("api/v1", "serviceaccounts", "ServiceAccount", {}),
    ("apis/apps/v1", "deployments", "Deployment", {"spec": {**SELECTOR, "replicas": 0, "template": TEMPLATE}}),
    ("apis/batch/v1", "cronjobs", "CronJob", {"spec": CRON}),
    ("apis/networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", {"spec": {"podSelector": {}}}),
    ("apis/rbac.authorization.k8s.io/v1", "roles", "Role", {"rules": RULES}),
    ("apis/rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding", {"roleRef": ROLE_REF, "subjects": []}),
    ("apis/coordination.k8s.io/v1", "leases", "Lease", {"spec": {"leaseDurationSeconds": 2**31 - 1}}),
    ("apis/policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", {"spec": {"minAvailable": 1, **SELECTOR}}),
    ("apis/shop.example.com/v1", "orders", "Order", {"spec": {"total": 12.5, "note": None}}),
]
SCHEMA = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
ORDERS: Json = {
    "group": "shop.example.com",
    "scope": "Namespaced",
    "names": {"plural": "orders", "singular": "order", "kind": "Order", "listKind": "OrderList"},
    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}],
}
MERGE, STRATEGIC = "application/merge-patch+json", "application/strategic-merge-patch+json"
JSON_PATCH, APPLY = "application/json-patch+json", "application/apply-patch+yaml"
PATIENCE = 30.0
"""Seconds."""
TOGETHER = 8
"""Requests at a time: etcd writes them together."""


def events_of(log: Path) -> list[Json]:
    """All that is in a log."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def administrator(cluster: LocalCluster, folder: Path) -> httpx.Client:
    """Of the cluster's own administrator."""
    kubeconfig = yaml.safe_load(cluster.super_admin.read_text())
    user = kubeconfig["users"][0]["user"]
    for name in ("certificate", "key"):
        (folder / name).write_bytes(base64.b64decode(user[f"client-{name}-data"]))
    authority = base64.b64decode(kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    context.load_cert_chain(folder / "certificate", folder / "key")
    return httpx.Client(base_url=cluster.api_server, verify=context, trust_env=False, timeout=PATIENCE)


class Traffic:
    """Makes it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def all(self, namespaces: int) -> None:
        """Everything, and the usual things in so many namespaces."""
        crd = {"metadata": {"name": "orders.shop.example.com"}, "spec": ORDERS}
        self.ask("POST", "apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        self.wait_for("apis/shop.example.com/v1/orders")
        with ThreadPoolExecutor(TOGETHER) as pool:
            list(pool.map(self.lives, [f"shop-{number}" for number in range(namespaces)]))
        self.subresources("shop-0")
        self.failures("shop-0")
        self.lasting("shop-0")
        self.cluster_wide()
        for path in (
            "healthz",
            "livez?verbose",
            "version",
            "openapi/v3",
            "metrics",
            "api",
            "apis",
            "apis/apps",
            "",
            "nowhere",
        ):
            self.ask("GET", path)
        self.ask("POST", "nowhere/at/all", {})

    def lives(self, namespace: str) -> None:
        """Of one object of each kind in a new namespace."""
        self.ask("POST", "api/v1/namespaces", {"metadata": {"name": namespace}})
        for prefix, plural, kind, body in KINDS:
            self.life(f"{prefix}/namespaces/{namespace}/{plural}", kind, prefix.split("/", 1)[1], body)

    def wait_for(self, path: str) -> None:
        """Until it is served."""
        deadline = time.monotonic() + PATIENCE
        while self.ask("GET", path).is_error:
            assert time.monotonic() < deadline, path
            time.sleep(0.1)

    def life(self, path: str, kind: str, version: str, body: Json) -> None:
        """Of one object: made twice, read, changed in each way, deleted twice."""
        made = {"apiVersion": version, "kind": kind, "metadata": {"name": "x", "labels": LABELS}, **body}
        self.ask("POST", path, made)
        self.ask("POST", path, made)
        self.ask("POST", f"{path}?dryRun=All", made | {"metadata": {"generateName": "y-"}})
        found = self.ask("GET", f"{path}/x").json()
        self.ask("GET", path)
        self.ask("GET", f"{path}?fieldSelector=metadata.name%3Dx&limit=5")
        self.ask("PUT", f"{path}/x", found)
        self.ask("PUT", f"{path}/x", found | {"metadata": found.get("metadata", {}) | {"resourceVersion": "1"}})
        self.ask("PATCH", f"{path}/x", {"metadata": {"annotations": {"note": "m"}}}, MERGE)
        self.ask("PATCH", f"{path}/x?fieldManager=me", {"metadata": {"labels": {"a": "b"}}}, STRATEGIC)
        self.ask("PATCH", f"{path}/y?fieldManager=me&force=true", made | {"metadata": {"name": "y"}}, APPLY)
        self.ask("GET", f"{path}/x/status")
        self.ask("DELETE", f"{path}/x", {"propagationPolicy": "Background"})
        self.ask("GET", f"{path}/x")
        self.ask("DELETE", f"{path}/x")

    def subresources(self, namespace: str) -> None:
        """Those that are no status."""
        space = f"api/v1/namespaces/{namespace}"
        deployment = f"apis/apps/v1/namespaces/{namespace}/deployments/y"
        self.ask("GET", f"{deployment}/scale")
        self.ask("PATCH", f"{deployment}/scale", {"spec": {"replicas": 0}}, MERGE)
        self.ask("POST", f"{space}/serviceaccounts/y/token", {"spec": {"audiences": ["me"]}})
        self.ask(
            "POST",
            f"{space}/pods/y/eviction",
            {"metadata": {"name": "y"}, "kind": "Eviction", "apiVersion": "policy/v1"},
        )
        self.ask(
            "POST", f"{space}/pods/y/binding", {"metadata": {"name": "y"}, "target": {"kind": "Node", "name": "n"}}
        )
        debugger = {"spec": {"ephemeralContainers": [{"name": "d", "image": "busybox"}]}}
        self.ask("PATCH", f"{space}/pods/y/ephemeralcontainers", debugger, STRATEGIC)
        self.ask("GET", f"{space}/pods/y/log?container=c")
        for pod in ("y", "nobody"):
            for subresource in ("exec?command=sh&command=-c&stdin=true", "attach?stdin=true", "portforward?ports=80"):
                for method in ("POST", "GET"):
                    self.ask(method, f"{space}/pods/{pod}/{subresource}")
        self.ask("GET", f"{space}/services/y:80/proxy/some/path/?a=b")
        self.ask("GET", f"{space}/pods/y/proxy")
        self.ask("PUT", f"{space}/finalize", {"metadata": {"name": namespace}, "spec": {"finalizers": ["kubernetes"]}})
        self.ask("PATCH", f"{space}/status", {"metadata": {"labels": {"s": "t"}}}, MERGE)
        self.ask("GET", f"{space}/status")

    def failures(self, namespace: str) -> None:
        """Each for another reason."""
        space = f"api/v1/namespaces/{namespace}"
        self.ask("POST", f"{space}/pods", {"metadata": {"name": "INVALID"}, "spec": POD_SPEC})
        self.ask("POST", f"{space}/configmaps", {"metadata": {"name": "not valid"}})
        self.ask("POST", f"{space}/secrets", {"metadata": {"name": "s"}, "type": "kubernetes.io/tls"})
        self.ask("PATCH", f"{space}/pods/y", {"spec": {"nodeName": "other"}}, MERGE)
        self.client.post(f"/{space}/pods", content=b"{", headers={"Content-Type": "application/json"})
        self.client.post(f"/{space}/pods", content=b"x", headers={"Content-Type": "text/plain"})
        self.ask("PATCH", f"{space}/configmaps/y", [{"op": "add", "path": "/data", "value": {}}], JSON_PATCH)
        self.ask("PATCH", f"{space}/secrets/y", {}, "text/plain")
        self.ask("PUT", f"{space}/pods", {})
        self.ask("GET", f"{space}/pods?resourceVersion=1&resourceVersionMatch=Exact")
        for user in ("mallory@example.com", "system:serviceaccount:shop-0:y", "system:anonymous"):
            for method, path in (
                ("GET", "secrets/y"),
                ("GET", "secrets"),
                ("DELETE", "configmaps/y"),
                ("POST", "pods/y/exec"),
            ):
                self.ask(method, f"{space}/{path}", user=user)
        for token in ("nonsense", "eyJhbGciOiJSUzI1NiJ9.e30.e30"):
            headers = {"Authorization": f"Bearer {token}"}
            httpx.get(self.client.base_url.join(f"/{space}/secrets"), headers=headers, verify=False, trust_env=False)
        httpx.get(self.client.base_url.join("/version"), verify=False, trust_env=False)

    def lasting(self, namespace: str) -> None:
        """Requests that are recorded as they start and as they end."""
        space = f"api/v1/namespaces/{namespace}"
        for query in ("watch=true&timeoutSeconds=1", "watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dy"):
            for plural in ("pods", "configmaps"):
                self.ask("GET", f"{space}/{plural}?{query}")
        self.ask("DELETE", f"{space}/configmaps?labelSelector=app%3Dweb")
        self.ask("DELETE", f"{space}/secrets?fieldSelector=metadata.name%3Dy")
        self.ask("GET", "api/v1/pods?limit=3")

    def cluster_wide(self) -> None:
        """Outside namespaces."""
        rbac = "apis/rbac.authorization.k8s.io/v1"
        self.ask("POST", "api/v1/nodes", {"metadata": {"name": "n"}})
        self.ask("PATCH", "api/v1/nodes/n/status", {"status": {"conditions": []}}, MERGE)
        self.ask("GET", "api/v1/nodes/n/proxy/metrics/cadvisor")
        self.ask("GET", "api/v1/nodes")
        self.ask("PATCH", f"{rbac}/clusterroles/system:node", {"metadata": {"annotations": {"a": "b"}}}, MERGE)
        admin = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        self.ask("POST", f"{rbac}/clusterrolebindings", {"metadata": {"name": "evil"}, "roleRef": admin})
        self.ask("DELETE", f"{rbac}/clusterrolebindings/evil")
        review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
        self.ask("POST", "apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        self.ask("POST", "apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "t"}})
        self.ask("DELETE", "api/v1/namespaces/shop-1")
        self.ask("GET", "api/v1/namespaces/shop-1")
        self.ask("GET", "apis/metrics.k8s.io/v1beta1/nodes")

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", user: str = ""
    ) -> httpx.Response:
        """Make one request; any answer will do."""
        headers = {"Content-Type": kind} | ({"Impersonate-User": user} if user else {})
        content = None if body is None else json.dumps(body).encode()
        return self.client.request(method, f"/{path}", content=content, headers=headers)
