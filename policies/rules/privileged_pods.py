"""Forwarders and receivers are ordinary pods: not privileged, not root, no way to the node that they do not need."""

from fnmatch import fnmatchcase
from typing import Any

from rules.pods import containers, pod_spec
from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at, elements


def _judge(resource: Resource) -> Verdict:
    found = pod_spec(resource)
    if found is None or any(fnmatchcase(resource.name, allowed) for allowed in resource.settings.get("except", [])):
        return
    path, spec = found
    if spec is UNKNOWN:
        yield Open(path)
        return
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if at(spec, key) is UNKNOWN:
            yield Open(f"{path}.{key}")
        elif at(spec, key):
            yield Fault(f"{path}.{key}", "shares what is the node's")
    for index, volume in enumerate(elements(at(spec, "volumes"))):
        if at(volume, "hostPath"):
            yield Fault(f"{path}.volumes[{index}].hostPath", "reaches the node's files")
    for place, container in containers(path, spec):
        yield from _container(place, container, at(spec, "securityContext"))


def _container(path: str, container: Any, pod: Any) -> Verdict:
    own = at(container, "securityContext")
    if own is UNKNOWN:
        yield Open(f"{path}.securityContext")
        return
    for key in ("privileged", "allowPrivilegeEscalation"):
        if at(own, key) is True:
            yield Fault(f"{path}.securityContext.{key}", "is true")
    if added := elements(at(own, "capabilities", "add")):
        yield Fault(f"{path}.securityContext.capabilities.add", f"adds {', '.join(map(str, added))}")
    user = at(own, "runAsUser")
    user = at(pod, "runAsUser") if user is None else user
    if user == 0 and user is not False:
        yield Fault(f"{path}.securityContext.runAsUser", "is root")


RULE = Rule(
    id="no-privileged-pods",
    title="Forwarders and receivers are not privileged and reach nothing of the node.",
    severity="high",
    mandatory=True,
    reason="whoever takes over a pod that reads audit events must not get the node with it.",
    mend="drop it; a workload that truly needs the node (an agent) is named in the setting `except`.",
    link="https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    judge=_judge,
    settings={
        "except": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Pulumi names (globs) of workloads that need the node.",
        }
    },
)
