"""Where a Kubernetes workload has its pods' specification and their containers."""

from collections.abc import Iterator
from typing import Any

from rules.rule import Resource, at, elements

TEMPLATES = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Kinds whose pods' specification lies below these keys."""


def pod_spec(resource: Resource) -> tuple[str, Any] | None:
    """Path and value of its pods' specification; None: it has no pods."""
    package, _, rest = resource.type.partition(":")
    kind = rest.rpartition(":")[2]
    if package != "kubernetes" or kind not in TEMPLATES:
        return None
    keys = TEMPLATES[kind]
    return ".".join(keys), at(resource.properties, *keys)


def containers(path: str, spec: Any) -> Iterator[tuple[str, Any]]:
    """Path and value of each container, of those that run first too."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(elements(at(spec, key))):
            yield f"{path}.{key}[{index}]", container
