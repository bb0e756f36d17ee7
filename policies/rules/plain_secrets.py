"""No secret where everybody may read it: ConfigMaps, arguments, variables, annotations, labels, Helm values, tags, URLs.

Pulumi shows a policy a value that is marked as secret like any other, so the rule looks at places that are readable by nature,
whatever the state does with them, and at two signs: what a value looks like, and what its key is called.
"""

import re
from collections.abc import Iterator
from typing import Any

from rules.pods import containers, pod_spec
from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at, leaves

SHAPES = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "an Azure shared access key": re.compile(r"\b(SharedAccessKey|AccountKey)=[A-Za-z0-9+/]{20,}"),
    "a JSON web token": re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@$]+@"),
}
NAMED = re.compile(
    r"(password|passwd|passphrase|token|api_?key|access_?key|private_?key|connection_?string|credentials?)$"
)
REFERENCE = re.compile(r"^existing")
"""Keys that name a Secret that is there."""


def _judge(resource: Resource) -> Verdict:
    for path, value, named in _readable(resource):
        if value is UNKNOWN:
            yield Open(path)
        elif isinstance(value, str) and (found := _found(path, value, named)):
            yield Fault(path, found)


def _found(path: str, value: str, named: bool) -> str:
    for what, shape in SHAPES.items():
        if shape.search(value):
            return f"holds {what} in plain text"
    key = re.sub(r"\[\d+]$", "", path).rpartition(".")[2]
    if named and value and NAMED.search(_snake(key)) and not REFERENCE.search(_snake(key)):
        return "holds a secret in plain text, by its name"
    return ""


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower().replace("-", "_")


def _readable(resource: Resource) -> Iterator[tuple[str, Any, bool]]:
    """What everybody may read: path, value, and whether the key's name tells what it is."""
    kind = resource.type.rpartition(":")[2]
    properties = resource.properties
    for key in ("tags", "labels", "url", "endpoint", "description"):
        for path, value in leaves(properties.get(key), key):
            yield path, value, False
    if resource.type.startswith("kubernetes:"):
        for path, value in leaves(properties.get("metadata"), "metadata"):
            yield path, value, False
    if kind == "ConfigMap":
        for key in ("data", "binaryData"):
            for path, value in leaves(properties.get(key), key):
                yield path, value, True
    if resource.type.startswith("kubernetes:helm.sh/"):
        for path, value in leaves(properties.get("values"), "values"):
            yield path, value, True
    found = pod_spec(resource)
    if found:
        yield from _of_pods(*found)


def _of_pods(path: str, spec: Any) -> Iterator[tuple[str, Any, bool]]:
    for place, container in containers(path, spec):
        for key in ("command", "args"):
            for leaf, value in leaves(at(container, key), f"{place}.{key}"):
                yield leaf, value, False
        for variable in at(container, "env") or []:
            name = at(variable, "name")
            if name is not UNKNOWN and at(variable, "value") is not None:
                yield f"{place}.env.{name}", at(variable, "value"), True


RULE = Rule(
    id="no-plain-secrets",
    title="No secret lies where everybody may read it.",
    severity="critical",
    mandatory=True,
    reason="whoever may read a ConfigMap, a pod, a Helm release or a tag then has the credential.",
    mend="put it into a Secret, or better use the workload's identity, and name the Secret here; then revoke this one.",
    link="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
    judge=_judge,
)
