"""Kubernetes objects as the plugin's resources: names, replacement, previews by the API server's own dry run.

What the real plugin does: https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/provider.go and diff.go
"""

import base64
import secrets
from dataclasses import dataclass

from tests.standins.api_server import (
    CONFLICT,
    FORBIDDEN,
    NOT_FOUND,
    ApiError,
    ApiServer,
    RefusedError,
    UnreachableError,
)
from tests.standins.property_values import EMPTY, Path, Values, holds_unknown, prune

AUTONAMED = "pulumi.com/autonamed"
MANAGER = "__fieldManager"
CREATOR = "pulumi-kubernetes"
FORMER = (CREATOR, "kubectl", "before-first-apply", "pulumi-resource-kubernetes")
TIMEOUT = 600.0
"""Seconds for a delete, if the program names no timeout."""
SERVERS = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
    "deletionTimestamp",
    "selfLink",
)
SELECTOR: tuple[Path, ...] = (("spec", "selector"),)
REPLACES: dict[str, tuple[Path, ...]] = {
    "Secret": (("type",), ("data",), ("stringData",)),
    "ConfigMap": (("data",), ("binaryData",)),
    "Service": (("spec", "clusterIP"),),
    "Deployment": SELECTOR,
    "DaemonSet": SELECTOR,
    "StatefulSet": (*SELECTOR, ("spec", "serviceName"), ("spec", "volumeClaimTemplates")),
    "Job": (*SELECTOR, ("spec", "template"), ("spec", "completions"), ("spec", "parallelism")),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
}
"""Fields whose change makes a new object, besides its name and namespace."""


@dataclass
class Objects:
    """The objects of one kind on one API server; None: it cannot be reached, and `unreachable` says why."""

    api: ApiServer | None
    unreachable: str
    api_version: str
    kind: str
    default_namespace: str

    def check(self, name: str, olds: Values, news: Values) -> Values:
        if news.get("kind", self.kind) != self.kind:  # a ServicePatch says that it is a Service
            raise RefusedError(f"the stand-in does not serve the resource {self.kind}")
        made = {"apiVersion": self.api_version, "kind": self.kind} | {k: v for k, v in news.items() if v is not None}
        metadata = made["metadata"] = {k: v for k, v in made.get("metadata", {}).items() if k not in SERVERS}
        old = olds.get("metadata", {})
        if not metadata.get("name") and (not olds or old.get("annotations", {}).get(AUTONAMED) == "true"):
            metadata["name"] = old.get("name") or f"{name}-{secrets.token_hex(4)}"
            metadata["annotations"] = metadata.get("annotations", {}) | {AUTONAMED: "true"}
        if self.api:
            try:
                namespaced = self.api.is_namespaced(self.api_version, self.kind)
            except ApiError:
                namespaced = True
            if not namespaced:
                metadata.pop("namespace", None)
            elif not metadata.get("namespace"):
                metadata["namespace"] = self.default_namespace
        if self.kind == "Secret" and made.get("stringData") and not holds_unknown(made):
            encoded = {k: base64.b64encode(v.encode()).decode() for k, v in made.pop("stringData").items()}
            made["data"] = made.get("data", {}) | encoded
        return made

    @property
    def replaces(self) -> tuple[Path, ...]:
        return (("metadata", "name"), ("metadata", "namespace"), *REPLACES.get(self.kind, ()))

    def deletes_first(self, olds: Values, news: Values) -> bool:
        """Whether the old one has to go before its replacement can come: a name that we may not change."""
        old, new = olds["metadata"], news["metadata"]
        return AUTONAMED not in new.get("annotations", {}) and all(
            old.get(k) == new.get(k) for k in ("name", "namespace")
        )

    def create(self, news: Values, preview: bool) -> tuple[str, Values]:
        if preview and (self.api is None or holds_unknown(news)):
            return "", news
        api = self._reachable()
        try:
            live = api.create(news, CREATOR, dry_run=preview)
        except (ApiError, UnreachableError) as error:
            if preview and getattr(error, "status", NOT_FOUND) in (NOT_FOUND, CONFLICT, FORBIDDEN):
                return "", news
            raise
        if preview:
            live.pop("status", None)
            return "", live
        return _id(live), live | {MANAGER: f"{CREATOR}-{secrets.token_hex(4)}"}

    def update(self, id: str, olds: Values, news: Values, preview: bool) -> Values:
        if preview and (self.api is None or holds_unknown(news)):
            return news
        api, manager = self._reachable(), olds.get(MANAGER, f"{CREATOR}-{secrets.token_hex(4)}")
        if not preview:
            api.take_over(news, manager, FORMER)
        return api.apply(news, manager, dry_run=preview) | {MANAGER: manager}

    def read(self, id: str, inputs: Values, olds: Values) -> tuple[str, Values, Values] | None:
        namespace, _, name = id.rpartition("/")
        try:
            wanted = {"name": name, "namespace": namespace or self.default_namespace}
            live = self._reachable().get({"apiVersion": self.api_version, "kind": self.kind, "metadata": wanted})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            live = None
        if live is None:
            return None
        asked = prune(live, inputs) if inputs else self._imported(live)
        return id, asked, live | ({MANAGER: olds[MANAGER]} if MANAGER in olds else {})

    def delete(self, id: str, olds: Values, timeout: float) -> None:
        self._reachable().delete(olds, timeout or TIMEOUT)

    def _reachable(self) -> ApiServer:
        if self.api is None:
            raise UnreachableError(f"configured Kubernetes cluster is unreachable: {self.unreachable}")
        return self.api

    @staticmethod
    def _imported(live: Values) -> Values:
        metadata = {key: value for key, value in live["metadata"].items() if key not in SERVERS}
        return {k: v for k, v in live.items() if k != "status" and v not in EMPTY} | {"metadata": metadata}


def _id(live: Values) -> str:
    metadata = live["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if "namespace" in metadata else str(metadata["name"])
