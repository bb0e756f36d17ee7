"""What a stack of kind openshift writes beside its forwarder, as text: the collector's objects, and the API servers' audit profile."""

from typing import Any

from k8s_audit import kubernetes_yaml
from k8s_audit.config.forwarder import NAME
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.platforms.openshift import OpenshiftPlatform
from k8s_audit.platforms.openshift.collector import API_VERSIONS, KIND, ROLE, SPECS
from k8s_audit.platforms.openshift.profile import settings
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """Service account, its right, ClusterLogForwarder; and the profile, where the stack sets one."""
    platform, forwarder = wanted.stack.platform, wanted.stack.forwarder
    assert isinstance(platform, OpenshiftPlatform)
    assert isinstance(forwarder, BentoForwarder)
    name, namespace = platform.collector_name, platform.logging_namespace
    account = _object("v1", "ServiceAccount", name, namespace)
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE}
    rights = _object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", f"{name}-{ROLE}") | {
        "roleRef": role,
        "subjects": [subject],
    }
    url = f"https://{NAME}.{forwarder.namespace}.svc/"
    spec = SPECS[platform.logging](name, url, authority(name), platform.collector_node_selector)
    collector = _object(API_VERSIONS[platform.logging], KIND, name, namespace) | {"spec": spec}
    found = [_rendered(each) for each in (account, rights, collector)]
    if platform.profile:
        audit = settings(platform.profile, [rule.model_dump() for rule in platform.custom_rules])
        api_server = _object("config.openshift.io/v1", "APIServer", "cluster") | {"spec": {"audit": audit}}
        found.append(Rendered(CLUSTER, "APIServer cluster", kubernetes_yaml.dump(api_server), "merge"))
    return found


def authority(name: str) -> str:
    """The Secret that holds the forwarder's authority; `up` gives it another name, and makes it."""
    return f"{name}-authority"


def _object(api_version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _rendered(given: dict[str, Any]) -> Rendered:
    metadata = given["metadata"]
    place = f"{metadata['namespace']}/" if "namespace" in metadata else ""
    return Rendered(CLUSTER, f"{given['kind']} {place}{metadata['name']}", kubernetes_yaml.dump(given))
