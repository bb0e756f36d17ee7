"""A management cluster as its API has it: one object of a custom kind, a Deployment, Secrets of ours. Nothing is decided here.

An object is replaced with the resourceVersion that was read, so that nobody's change is overwritten:
https://kubernetes.io/docs/reference/using-api/api-concepts/#updates-to-existing-resources
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.kubernetes_api import Answer, Document, answer_to, answered, client_settings, failure, status_message

NOT_FOUND, CONFLICT = 404, 409
LONGEST = 500
"""Characters of what an API server says that a message shows."""


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
        return self._found(f"get {resource.plural}", namespace, "GET", self._path(resource, namespace, name))

    def replace(self, resource: Resource, document: Document) -> Document:
        """Store another state of an object, if nobody changed it since it was read; return it as it is stored.

        Raises:
            ConflictError: somebody did.
            HostError: the cluster refuses.
        """
        namespace, name = document["metadata"]["namespace"], document["metadata"]["name"]
        path = self._path(resource, namespace, name)
        return self._asked(f"update {resource.plural}", namespace, "PUT", path, document)

    def select(self, resource: Resource, namespace: str, labels: str) -> list[Document]:
        """The objects of a kind that have some labels, in no order.

        Raises:
            ForbiddenError, HostError: the cluster refuses, or knows no such kind.
        """
        path = self._path(resource, namespace)
        found = self._asked(f"list {resource.plural}", namespace, "GET", path, None, {"labelSelector": labels})
        return list(found["items"])

    def annotate(self, resource: Resource, namespace: str, name: str, annotations: Mapping[str, str | None]) -> None:
        """Set annotations of an object, whatever else of it changes; None takes one out, and an object that is gone has none.

        Raises:
            ForbiddenError, HostError: the cluster refuses.
        """
        merged = {"metadata": {"annotations": dict(annotations)}}
        self._found(f"patch {resource.plural}", namespace, "PATCH", self._path(resource, namespace, name), merged)

    def secret(self, namespace: str, name: str) -> dict[str, str] | None:
        """What a Secret holds; None: there is none.

        Raises:
            HostError: the cluster cannot be asked.
        """
        found = self._found("get secrets", namespace, "GET", _secrets(namespace, name))
        if found is None:
            return None
        data = found.get("data") or {}
        return {key: base64.b64decode(text).decode("utf-8", "replace") for key, text in data.items()}

    def write_secret(self, secret: Document) -> None:
        """Make a Secret, or bring the one of its name to it.

        Raises:
            HostError: the cluster refuses.
        """
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        try:
            self._asked("create secrets", namespace, "POST", _secrets(namespace), secret)
        except ConflictError:
            self._asked("update secrets", namespace, "PUT", _secrets(namespace, name), secret)

    def delete_secret(self, namespace: str, name: str) -> None:
        """Remove a Secret; none there is fine.

        Raises:
            HostError: the cluster refuses.
        """
        self._found("delete secrets", namespace, "DELETE", _secrets(namespace, name))

    def _path(self, resource: Resource, namespace: str, name: str = "") -> str:
        group = f"/apis/{resource.group}/{self._version(resource)}"
        return f"{group}/namespaces/{namespace}/{resource.plural}/{name}".rstrip("/")

    def _version(self, resource: Resource) -> str:
        """The best version of a kind that the cluster serves."""
        if resource not in self._served:
            for version in resource.versions:
                served = self._found(f"get {resource.plural}", "", "GET", f"/apis/{resource.group}/{version}")
                if served and resource.plural in {one["name"] for one in served["resources"]}:
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

    def _found(self, right: str, namespace: str, *request: Any) -> Document | None:
        """What is answered; None: there is no such thing."""
        answer = self._answer(right, namespace, *request)
        return None if answer.status == NOT_FOUND else self._accepted(answer, right, namespace)

    def _asked(self, right: str, namespace: str, *request: Any) -> Document:
        """What is answered.

        Raises:
            ConflictError: it is there already, or somebody changed it.
        """
        answer = self._answer(right, namespace, *request)
        if answer.status == CONFLICT:
            raise ConflictError(status_message(answer.text, LONGEST) or answer.reason)
        return self._accepted(answer, right, namespace)

    def _answer(self, right: str, namespace: str, *request: Any) -> Answer:
        """What comes of a request, as `answer_to` takes it: method, path, body, query."""
        client = self._client
        try:
            return answer_to(client, *request)
        except Exception as error:  # whatever urllib3 raises
            raise self._refused(error, right, namespace) from None

    def _accepted(self, answer: Answer, right: str, namespace: str) -> Document:
        from kubernetes.client.exceptions import ApiException

        try:
            return answer.accepted().document
        except ApiException as error:
            raise self._refused(error, right, namespace) from None

    def _refused(self, error: Exception, right: str, namespace: str) -> HostError:
        where = f" -n {namespace}" if namespace else ""
        look = f"kubectl --kubeconfig {self.kubeconfig}{where} auth can-i {right}"
        return failure(error, HostError)(f"the management cluster {answered(error, LONGEST)}.\nLook closer: {look}")


def _secrets(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/secrets/{name}".rstrip("/")
