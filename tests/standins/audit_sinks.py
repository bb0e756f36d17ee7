"""In place of OpenShift 4.3 on a kube-apiserver that has today's CRDs of OpenShift: its operator, and what an API server does with AuditSinks.

No such API server can be had: Kubernetes took AuditSink out with 1.19. So it is a CustomResourceDefinition here, of the shape and with the
rules of Kubernetes 1.16 (pkg/apis/auditregistration), served while the three arguments are rolled. The operator lays its lists as OpenShift's
does: overrides over what is observed, each list whole. A test may say what a roll does to a real API server, and `Gate` is
a receiver whose door an AuditSink opens.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.delivery.forwarder.bento import Receiver
from tests.standins.api_server import ApiServer, RefusedError
from tests.standins.openshift import (
    CLUSTER_OPERATORS,
    CRDS,
    NODES,
    OPERATORS,
    POLICIES,
    Object,
    Operator,
    crd,
    gone,
    install,
    made,
)

GROUP, VERSION = "auditregistration.k8s.io", "v1alpha1"
SINKS = f"/apis/{GROUP}/{VERSION}/auditsinks"
NAMESPACE = "openshift-kube-apiserver"
FILES = ("clusteroperators.yaml", "kubeapiservers.yaml")
FLAGS = {
    "audit-dynamic-configuration": "true",
    "feature-gates": "DynamicAuditing=true",
    "runtime-config": f"{GROUP}/{VERSION}=true",
}
GATES = ["RotateKubeletServerCertificate=true", "SupportPodPidsLimit=true"]
"""What the operator observes: OpenShift's own."""
TEXT, WHOLE = {"type": "string"}, {"type": "integer", "format": "int64", "minimum": 1}
SERVICE = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": TEXT,
        "name": TEXT,
        "path": TEXT,
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 443},
    },
}
CLIENT = {
    "type": "object",
    "oneOf": [{"required": ["url"]}, {"required": ["service"]}],
    "properties": {"url": TEXT, "service": SERVICE, "caBundle": {"type": "string", "format": "byte"}},
}
STAGE = {"type": "string", "enum": ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]}
THROTTLE = {
    "type": "object",
    "default": {},
    "properties": {"qps": {**WHOLE, "default": 10}, "burst": {**WHOLE, "default": 15}},
}
SPEC = {
    "type": "object",
    "required": ["policy", "webhook"],
    "properties": {
        "policy": {
            "type": "object",
            "required": ["level", "stages"],
            "properties": {
                "level": {"type": "string", "enum": ["None", "Metadata", "Request", "RequestResponse"]},
                "stages": {"type": "array", "items": STAGE, "minItems": 1},
            },
        },
        "webhook": {
            "type": "object",
            "required": ["clientConfig"],
            "properties": {"throttle": THROTTLE, "clientConfig": CLIENT},
        },
    },
}
DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": f"auditsinks.{GROUP}",
        "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/67257"},
    },
    "spec": {
        "group": GROUP,
        "scope": "Cluster",
        "names": {"kind": "AuditSink", "plural": "auditsinks", "singular": "auditsink", "listKind": "AuditSinkList"},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {"spec": SPEC}}},
            }
        ],
    },
}


@contextmanager
def openshift_43(kubeconfig: Path) -> Iterator[ApiServer]:
    """A kube-apiserver that has the objects of such a cluster at rest, and at the end none of them."""
    api = ApiServer(kubeconfig)
    crds = [crd(str(shutil.which(file))) for file in FILES]
    spec = {
        "managementState": "Managed",
        "observedConfig": {"apiServerArguments": {"feature-gates": GATES}},
        "unsupportedConfigOverrides": None,
    }
    try:
        for each in crds:
            install(api, each)
        api.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        made("config.openshift.io/v1", "ClusterOperator", "kube-apiserver", api, CLUSTER_OPERATORS, {})
        made("operator.openshift.io/v1", "KubeAPIServer", "cluster", api, OPERATORS, spec)
        operator = SinkOperator(api)
        for number in (None, 7):
            api.request("POST", POLICIES, operator.config_map(operator.audit(), number))
        for revision in (0, 7):  # a node comes without one, as the definition asks for
            operator.tell(7, dict.fromkeys(NODES, revision))
        yield api
    finally:
        gone(api, f"{CRDS}/{DEFINITION['metadata']['name']}")
        api.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, 30)
        for each in crds:
            gone(api, f"{CRDS}/{each['metadata']['name']}")


class SinkOperator(Operator):
    """A context manager.

    Args:
        api: the cluster.
        restart: what a roll does to API servers; it is told whether they serve AuditSinks.
    """

    version = "4.3.40"
    pause = 0.25

    def __init__(self, api: ApiServer, restart: Callable[[bool], None] = lambda _: None) -> None:
        super().__init__(api)
        self.restart = restart
        self.fault = ""
        """Why the next revision fails on its first node."""

    def settings(self) -> Object:
        """KubeAPIServer `cluster`."""
        found: Object = self.api.request("GET", f"{OPERATORS}/cluster")
        return found

    def audit(self) -> Object:
        """The arguments of API servers, by what is observed and what is laid over it."""
        spec = self.settings()["spec"]
        parts = [
            (spec.get(key) or {}).get("apiServerArguments") or {}
            for key in ("observedConfig", "unsupportedConfigOverrides")
        ]
        return parts[0] | parts[1]

    def config_map(self, wanted: Object, revision: int | None = None) -> Object:
        name = "config" + (f"-{revision}" if revision else "")
        config = {"apiServerArguments": wanted, "kind": "KubeAPIServerConfig"}
        return {"metadata": {"name": name}, "data": {"config.yaml": json.dumps(config)}}

    def rolling(self, wanted: Object) -> str:
        fault, self.fault = self.fault, ""
        if fault:
            return fault
        on = all(value in wanted.get(flag, []) for flag, value in FLAGS.items())
        self.restart(on)
        served = DEFINITION["metadata"]["name"] in [
            one["metadata"]["name"] for one in self.api.request("GET", CRDS)["items"]
        ]
        if on and not served:
            install(self.api, DEFINITION)
        elif served and not on:
            gone(self.api, f"{CRDS}/{DEFINITION['metadata']['name']}")
        return ""


class Gate(Receiver):
    """A receiver that takes events while an AuditSink says so, as if an API server sent them for it alone.

    Args:
        api: the cluster.
    """

    def __init__(self, api: ApiServer) -> None:
        super().__init__(200)
        self.api = api

    def answer(self, target: str, body: str) -> tuple[int, bytes]:
        return super().answer(target, body) if self.url in self._wanted() else (503, b"")

    def events(self) -> list[Any]:
        """What came."""
        return [event for body in list(self.bodies) for event in json.loads(body)["items"]]

    def _wanted(self) -> list[str]:
        try:
            found = self.api.request("GET", SINKS)["items"]
        except RefusedError:
            return []
        return [one["spec"]["webhook"]["clientConfig"].get("url", "") for one in found]
