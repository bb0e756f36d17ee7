"""An object of a management cluster and its Secret as text, for those that are kept in a repository."""

from collections.abc import Callable, Mapping
from typing import Any

from k8s_audit import kubernetes_yaml
from k8s_audit.config.platforms.management import ManagementPlatform
from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.cluster import Resource
from k8s_audit.platforms.management.kind import Edit
from k8s_audit.platforms.management.record import forget
from k8s_audit.rendering.model import CLUSTER, Rendered


def rendered(
    platform: ManagementPlatform,
    resource: Resource,
    contents: Mapping[str, str],
    edit: Edit,
    secret_of: Callable[[Document], str],
) -> list[Rendered]:
    """The Secret, and the object's part of ours in the newest version of its API.

    Args:
        platform: where the object is.
        resource: what it is.
        contents: of the Secret.
        edit: turns auditing on.
        secret_of: the Secret that an object names.
    """
    document: dict[str, Any] = {
        "apiVersion": f"{resource.group}/{resource.versions[0]}",
        "kind": resource.kind,
        "metadata": {"namespace": platform.namespace, "name": platform.name},
        "spec": {},
    }
    forget(edit(document))
    name = secret_of(document)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"namespace": platform.namespace, "name": name},
        "type": "Opaque",
        "stringData": dict(contents),
    }
    end = "of the management cluster"
    return [
        Rendered(CLUSTER, f"Secret {platform.namespace}/{name} {end}", kubernetes_yaml.dump(secret)),
        Rendered(
            CLUSTER,
            f"{resource.kind} {platform.namespace}/{platform.name} {end}",
            kubernetes_yaml.dump(document),
            "merge",
        ),
    ]
