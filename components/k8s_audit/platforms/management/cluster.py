"""A management cluster as its API has it: one object of a custom kind, a Deployment, Secrets of ours. Nothing is decided here.

An object is replaced with the resourceVersion that was read, so that nobody's change is overwritten:
https://kubernetes.io/docs/reference/using-api/api-concepts/#updates-to-existing-resources
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.kubernetes_api import answered, client_settings, refusal

Document = dict[str, Any]
TIMEOUT = 15
"""Seconds for one request."""
FORBIDDEN, NOT_FOUND, CONFLICT = 403, 404, 409
LONGEST = 500
"""Characters of what an API server says that a message shows."""
Found = TypeVar("Found")


class ForbiddenError(HostError):
    """The kubeconfig's user may not do that."""


@dataclass(frozen=True)
class Resource:
    """A kind of object.

    Args:
        kind: as it is called.
        group: its API group.
        plural: its name in paths.
        versions: of its API, the best first.
    """

    kind: str
    group: str
    plural: str
    versions: tuple[str, ...]


DEPLOYMENT = Resource("Deployment", "apps", "deployments", ("v1",))


class ManagementCluster:
    """One management cluster.

    Args:
        kubeconfig: the path of one that may get and update the object, and get, create, update and delete Secrets beside it.
    """

    def __init__(self, kubeconfig: str) -> None:
        """Nothing is asked yet."""
        self.kubeconfig = kubeconfig
        self._served: dict[Resource, str] = {}

    def read(self, resource: Resource, namespace: str, name: str) -> Document | None:
        """An object; None: there is none.

        Raises:
            HostError: the cluster cannot be asked, or knows no such kind.
        """
        where = (resource.group, self._version(resource), namespace, resource.plural, name)
        return self._found(f"get {resource.plural}", namespace, self._custom.get_namespaced_custom_object, *where)

    def replace(self, resource: Resource, document: Document) -> Document:
        """Store another state of an object, if nobody changed it since it was read; return it as it is stored.

        Raises:
            ConflictError: somebody did.
            HostError: the cluster refuses.
        """
        namespace, name = document["metadata"]["namespace"], document["metadata"]["name"]
        where = (resource.group, self._version(resource), namespace, resource.plural, name, document)
        stored: Document = self._asked(
            f"update {resource.plural}", namespace, self._custom.replace_namespaced_custom_object, *where
        )
        return stored

    def select(self, resource: Resource, namespace: str, labels: str) -> list[Document]:
        """The objects of a kind that have some labels, in no order.

        Raises:
            ForbiddenError, HostError: the cluster refuses, or knows no such kind.
        """
        where = (resource.group, self._version(resource), namespace, resource.plural)

        def call(*where: str, **more: Any) -> Any:
            return self._custom.list_namespaced_custom_object(*where, label_selector=labels, **more)

        return list(self._asked(f"list {resource.plural}", namespace, call, *where)["items"])

    def annotate(self, resource: Resource, namespace: str, name: str, annotations: Mapping[str, str | None]) -> None:
        """Set annotations of an object, whatever else of it changes; None takes one out, and an object that is gone has none.

        Raises:
            ForbiddenError, HostError: the cluster refuses.
        """
        where = (resource.group, self._version(resource), namespace, resource.plural, name)
        merged = {"metadata": {"annotations": dict(annotations)}}
        self._found(f"patch {resource.plural}", namespace, self._custom.patch_namespaced_custom_object, *where, merged)

    def secret(self, namespace: str, name: str) -> dict[str, str] | None:
        """What a Secret holds; None: there is none.

        Raises:
            HostError: the cluster cannot be asked.
        """
        found = self._found("get secrets", namespace, self._core.read_namespaced_secret, name, namespace)
        if found is None:
            return None
        return {key: base64.b64decode(text).decode("utf-8", "replace") for key, text in (found.data or {}).items()}

    def write_secret(self, secret: Document) -> None:
        """Make a Secret, or bring the one of its name to it.

        Raises:
            HostError: the cluster refuses.
        """
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        try:
            self._asked("create secrets", namespace, self._core.create_namespaced_secret, namespace, secret)
        except ConflictError:
            self._asked("update secrets", namespace, self._core.replace_namespaced_secret, name, namespace, secret)

    def delete_secret(self, namespace: str, name: str) -> None:
        """Remove a Secret; none there is fine.

        Raises:
            HostError: the cluster refuses.
        """
        self._found("delete secrets", namespace, self._core.delete_namespaced_secret, name, namespace)

    def _version(self, resource: Resource) -> str:
        """The best version of a kind that the cluster serves."""
        if resource not in self._served:
            for version in resource.versions:
                listed = self._found(
                    f"get {resource.plural}", "", self._custom.get_api_resources, resource.group, version
                )
                if listed and resource.plural in {one.name for one in listed.resources}:
                    self._served[resource] = version
                    break
            else:
                known = ", ".join(f"{resource.group}/{version}" for version in resource.versions)
                raise HostError(
                    f"the cluster of kubeconfig {self.kubeconfig} serves no {resource.kind} ({known}): is it the management cluster,"
                    " as audit:platform.managementKubeconfig wants it?"
                )
        return self._served[resource]

    @cached_property
    def _client(self) -> Any:
        from kubernetes import client

        return client.ApiClient(client_settings(self.kubeconfig, HostError, "managementKubeconfig"))

    @cached_property
    def _custom(self) -> Any:
        from kubernetes import client

        return client.CustomObjectsApi(self._client)

    @cached_property
    def _core(self) -> Any:
        from kubernetes import client

        return client.CoreV1Api(self._client)

    def _found(self, right: str, namespace: str, call: Callable[..., Found], *arguments: Any) -> Found | None:
        """What a call returns; None: there is no such thing."""
        from kubernetes.client.exceptions import ApiException

        try:
            return call(*arguments, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == NOT_FOUND:
                return None
            raise self._refused(error, right, namespace) from None
        except Exception as error:  # whatever urllib3 raises
            raise self._refused(error, right, namespace) from None

    def _asked(self, right: str, namespace: str, call: Callable[..., Any], *arguments: Any) -> Any:
        from kubernetes.client.exceptions import ApiException

        try:
            return call(*arguments, _request_timeout=TIMEOUT)
        except ApiException as error:
            if error.status == CONFLICT:
                raise ConflictError(refusal(error, LONGEST)) from None
            raise self._refused(error, right, namespace) from None
        except Exception as error:  # whatever urllib3 raises
            raise self._refused(error, right, namespace) from None

    def _refused(self, error: Exception, right: str, namespace: str) -> HostError:
        where = f" -n {namespace}" if namespace else ""
        look = f"kubectl --kubeconfig {self.kubeconfig}{where} auth can-i {right}"
        kind = ForbiddenError if getattr(error, "status", None) == FORBIDDEN else HostError
        return kind(f"the management cluster {answered(error, LONGEST)}.\nLook closer: {look}")
