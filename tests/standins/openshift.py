"""In place of OpenShift on a kube-apiserver that has its CRDs: the operator of its API servers, and the logging operator's collector.

The operator makes another audit policy when APIServer `cluster` has other settings, gives it a revision, and brings that to one node after the
other (https://github.com/openshift/cluster-kube-apiserver-operator). No API server is restarted, and its policies only name the settings.
The collector posts the API server's audit log to the output of the ClusterLogForwarder, in the shape that the logging operator's vector gives
it; it looks the output's Secret up, and drops what is answered with a 4xx but 429, as vector does.
"""

import base64
import json
import os
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import yaml

from tests.standins.api_server import NOT_FOUND, ApiError, ApiServer

Object = dict[str, Any]
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SETTINGS, CLUSTER_OPERATORS = "/apis/config.openshift.io/v1/apiservers", "/apis/config.openshift.io/v1/clusteroperators"
OPERATORS = "/apis/operator.openshift.io/v1/kubeapiservers"
POLICIES = "/api/v1/namespaces/openshift-kube-apiserver/configmaps"
FORWARDERS = "/apis/logging.openshift.io/v1/namespaces/openshift-logging/clusterlogforwarders"
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
NAMESPACES = ("openshift-kube-apiserver", "openshift-logging")
FILES = ("apiservers.yaml", "clusteroperators.yaml", "kubeapiservers.yaml", "clusterlogforwarders.yaml")
"""Of the tools' table."""
NODES = ("master-0", "master-1", "master-2")
MERGE = "application/merge-patch+json"
POLL = 0.05
"""Seconds."""
PATIENCE = 30.0


@contextmanager
def openshift(kubeconfig: Path) -> Iterator[ApiServer]:
    """A kube-apiserver that has the objects of an OpenShift cluster at rest, and at the end none of them."""
    api = ApiServer(kubeconfig)
    crds = [crd(str(shutil.which(file))) for file in FILES] + [crd(file) for file in (logging_6(),) if file]
    try:
        for each in crds:
            install(api, each)
        for namespace in NAMESPACES:
            api.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        api.request("POST", ROLE, {"metadata": {"name": "collect-audit-logs"}, "rules": []})
        api.request("POST", POLICIES, policies({"profile": "Default"}))
        api.request("POST", POLICIES, policies({"profile": "Default"}, 7))
        made("config.openshift.io/v1", "APIServer", "cluster", api, SETTINGS, {"audit": {"profile": "Default"}})
        made("config.openshift.io/v1", "ClusterOperator", "kube-apiserver", api, CLUSTER_OPERATORS, {})
        made("operator.openshift.io/v1", "KubeAPIServer", "cluster", api, OPERATORS, {"managementState": "Managed"})
        for revision in (0, 7):  # a node comes without one, as the definition asks for
            Operator(api).tell(7, dict.fromkeys(NODES, revision))
        yield api
    finally:
        gone(api, f"{ROLE}/collect-audit-logs")
        for namespace in NAMESPACES:
            api.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, PATIENCE)
        for each in crds:
            gone(api, f"{CRDS}/{each['metadata']['name']}")


def logging_6() -> str:
    """The path of the CRD of logging 6, which no Go module brings; empty: there is none here."""
    return os.environ.get("CLUSTERLOGFORWARDERS_6", "")


def crd(file: str) -> Object:
    """A CustomResourceDefinition out of a vendor's file."""
    found: Object = yaml.safe_load(Path(file).read_text("utf-8"))
    return found


def install(api: ApiServer, definition: Object) -> None:
    """Have it served."""
    api.request("POST", CRDS, definition)
    spec = definition["spec"]
    path = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            api.request("GET", path)
            return
        except ApiError:
            assert time.monotonic() < deadline, path
            time.sleep(POLL)


def made(version: str, kind: str, name: str, api: ApiServer, path: str, spec: Object) -> None:
    api.request("POST", path, {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})


def gone(api: ApiServer, path: str) -> None:
    """Delete it, and wait until it is; what is made anew sooner is refused."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            api.request("DELETE", path)
        except ApiError as error:
            if error.status == NOT_FOUND:
                return
            raise
        assert time.monotonic() < deadline, path
        time.sleep(POLL)


def policies(audit: Object, revision: int | None = None) -> Object:
    """The ConfigMap of the policy, or a revision's copy of it."""
    name = "kube-apiserver-audit-policies" + (f"-{revision}" if revision else "")
    return {"metadata": {"name": name}, "data": {"policy.yaml": json.dumps(audit, sort_keys=True)}}


class Operator:
    """A context manager; each step waits until `go` is set.

    Args:
        api: the cluster.
    """

    version = "4.18.3"
    pause = POLL
    """Seconds between two looks whether there is something to do."""

    def __init__(self, api: ApiServer) -> None:
        self.api, self.stop, self.go = api, Event(), Event()
        self.go.set()
        self.rolled: list[Object] = []

    def __enter__(self) -> Self:
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop.set()
        self.go.set()
        self.thread.join()

    def config_map(self, wanted: Object, revision: int | None = None) -> Object:
        """Where it writes what is set, or a revision's copy of that."""
        return policies(wanted, revision)

    def rolling(self, wanted: Object) -> str:
        """What the first node of a revision does: why it fails; empty: it does not."""
        return ""

    def audit(self) -> Object:
        """What is set."""
        return dict(self.api.request("GET", f"{SETTINGS}/cluster")["spec"].get("audit") or {})

    def wait_for(self, audit: Object) -> None:
        """Until it is brought to all nodes."""
        deadline = time.monotonic() + PATIENCE
        while self.rolled[-1:] != [audit]:
            assert time.monotonic() < deadline, self.rolled
            time.sleep(POLL)

    def tell(self, revision: int, nodes: dict[str, int], degraded: str = "", failed: str = "") -> None:
        """The status of both objects."""
        rolling = sum(each < revision for each in nodes.values())
        message = (
            f"NodeInstallerProgressing: {rolling} nodes are not at revision {revision}" if rolling else "all is well"
        )
        stamp = "2026-01-02T03:04:05Z"
        conditions = [
            {"type": kind, "status": str(status), "message": said, "reason": "AsExpected", "lastTransitionTime": stamp}
            for kind, status, said in (
                ("Available", True, "StaticPodsAvailable: 3 nodes are active"),
                ("Progressing", bool(rolling), message),
                ("Degraded", bool(degraded), degraded),
            )
        ]
        versions = [{"name": "operator", "version": self.version}]
        status = {"conditions": conditions, "versions": versions}
        self.api.request("PATCH", f"{CLUSTER_OPERATORS}/kube-apiserver/status", {"status": status}, MERGE)
        told: list[Object] = [
            {"nodeName": name} | ({"currentRevision": at} if at else {}) for name, at in nodes.items()
        ]
        if failed:
            told[0] |= {"lastFailedRevision": revision, "lastFailedRevisionErrors": [failed]}
        operator = {"latestAvailableRevision": revision, "nodeStatuses": told, "readyReplicas": len(nodes)}
        self.api.request("PATCH", f"{OPERATORS}/cluster/status", {"status": operator}, MERGE)

    def _run(self) -> None:
        current = self.audit()
        revision = self.api.request("GET", f"{OPERATORS}/cluster")["status"]["latestAvailableRevision"]
        nodes = dict.fromkeys(NODES, revision)
        while not self.stop.wait(self.pause):
            wanted = self.audit()
            if wanted == current or not self._may():
                continue
            written = self.config_map(wanted)
            self.api.request("PATCH", f"{POLICIES}/{written['metadata']['name']}", written, MERGE)
            current, revision = wanted, revision + 1
            time.sleep(POLL)
            self.api.request("POST", POLICIES, self.config_map(wanted, revision))
            self.tell(revision, nodes)
            if failed := self.rolling(wanted):
                self.tell(revision, nodes, failed=failed)
                continue
            for name in NODES:
                self.tell(revision, nodes)
                if not self._may():
                    return
                nodes[name] = revision
                time.sleep(POLL)
            self.tell(revision, nodes)
            self.rolled.append(wanted)

    def _may(self) -> bool:
        self.go.wait()
        return not self.stop.is_set()


def restricted(spec: Object) -> None:
    """As the security context constraint `restricted-v2` does, which refuses a pod that names a user, and gives it one and a seccomp profile.

    https://docs.openshift.com/container-platform/latest/authentication/managing-security-context-constraints.html
    """
    own = spec["securityContext"]
    assert not own.keys() & {"runAsUser", "runAsGroup", "fsGroup"}, own
    own |= {"runAsUser": 1000680000, "fsGroup": 1000680000, "seccompProfile": {"type": "RuntimeDefault"}}


def collector(api: ApiServer, inlet: Callable[[], int]) -> Callable[[list[str]], None]:
    """Sends lines of an audit log as the first ClusterLogForwarder of logging 5 says; raises until they are taken.

    Args:
        api: the cluster.
        inlet: the port of this machine where the forwarder's pod listens, in place of its Service.
    """

    def send(lines: list[str]) -> None:
        (wanted,) = api.request("GET", FORWARDERS)["items"]
        (output,) = wanted["spec"]["outputs"]
        assert wanted["spec"]["inputs"] == [{"name": "kube-api", "audit": {"sources": ["kubeAPI"]}}]
        held = api.request("GET", f"/api/v1/namespaces/openshift-logging/secrets/{output['secret']['name']}")["data"]
        trust = ssl.create_default_context(cadata=base64.b64decode(held["ca-bundle.crt"]).decode())
        url = urlsplit(output["url"])
        with httpx.Client(verify=trust, trust_env=False, timeout=output["http"]["timeout"]) as client:
            answer = client.post(
                f"https://127.0.0.1:{inlet()}{url.path}",
                content=json.dumps([_record(json.loads(line)) for line in lines]),
                extensions={"sni_hostname": url.hostname},
            )
        if answer.status_code != 200 and (answer.status_code == 429 or answer.status_code >= 500):
            raise RuntimeError(f"answered {answer.status_code}")

    return send


def _record(event: Object) -> Object:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    own = {"hostname": "master-0", "log_type": "audit", "log_source": "kubeAPI", "tag": ".k8s-audit.log"}
    cluster = {"openshift": {"cluster_id": "0a1b", "sequence": time.time_ns()}}
    return {**own, **cluster, "k8s_audit_level": event["level"], **event, "@timestamp": stamp, "timestamp": stamp}
