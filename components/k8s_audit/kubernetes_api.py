"""What all that ask a cluster by the Kubernetes client share: the kubeconfig, requests by path, how a refusal is told, how an object remembers us.

Objects are plain JSON here: to load the client's typed models takes a second of CPU.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from k8s_audit.errors import ForbiddenError, K8sAuditError

if TYPE_CHECKING:
    from kubernetes import client


RECORD = "k8s-audit/before"
"""The annotation by which an object of somebody else's says what was there before us."""


Document = dict[str, Any]
Failure = TypeVar("Failure", bound=K8sAuditError)
MERGE, JSON = "application/merge-patch+json", "application/json"
FORBIDDEN = 403
"""The status of an answer to one who is known and has not the right: https://kubernetes.io/docs/reference/access-authn-authz/authorization/."""
TIMEOUT = 10
"""Seconds for one request."""


@dataclass(frozen=True)
class Answer:
    """What an API server answers."""

    status: int
    reason: str
    text: str
    headers: Mapping[str, str]

    @property
    def document(self) -> Document:
        """The object that it is."""
        found: Document = json.loads(self.text)
        return found

    def accepted(self) -> "Answer":
        """Itself.

        Raises:
            ApiException: the API server refused.
        """
        from kubernetes.client.exceptions import ApiException

        if 200 <= self.status < 300:
            return self
        error = ApiException(self.status, self.reason, body=self.text)
        error.headers = self.headers
        raise error


def answer_to(
    api: "client.ApiClient",
    method: str,
    path: str,
    body: Document | None = None,
    query: Mapping[str, str] | None = None,
) -> Answer:
    """What comes of one request; a PATCH is a merge patch.

    Args:
        api: a client of the cluster.
        method: of HTTP.
        path: of the object, or where it is made: https://kubernetes.io/docs/reference/using-api/api-concepts/.
        body: the object, or its patch.
        query: parameters by name, such as `labelSelector`.

    Raises:
        Exception: what urllib3 raises where nobody answers.
    """
    headers = {"Accept": JSON, "Content-Type": MERGE if method == "PATCH" else JSON}
    request = api.param_serialize(
        method,
        path,
        query_params=[*(query or {}).items()],
        header_params=headers,
        body=body,
        auth_settings=["BearerToken"],
    )
    answer = api.call_api(*request, _request_timeout=TIMEOUT)
    return Answer(int(answer.status), str(answer.reason), answer.read().decode("utf-8", "replace"), answer.headers)


def listed(api: "client.ApiClient", path: str, query: Mapping[str, str] | None = None) -> list[Document]:
    """The objects of a list; see `answer_to`.

    Raises:
        ApiException: the API server refuses. What urllib3 raises comes through, too.
    """
    return answer_to(api, "GET", path, query=query).accepted().document.get("items") or []


def refusal(error: Any, longest: int = 300) -> str:
    """Why an API server refuses, by the message in its answer, else by the status' own words.

    Args:
        error: the client's ApiException; its body is a Status,
            https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/.
        longest: characters of the message.
    """
    return status_message(error.body, longest) or str(error.reason)


def failure(error: Any, otherwise: type[Failure]) -> type[Failure] | type[ForbiddenError]:
    """Which error of ours tells of a request that failed.

    Args:
        error: the client's ApiException, or whatever urllib3 raises.
        otherwise: where the user did not lack the right.
    """
    return ForbiddenError if getattr(error, "status", None) == FORBIDDEN else otherwise


def answered(error: Any, longest: int = 300) -> str:
    """What came of a request that failed: a refusal, or no answer.

    Args:
        error: the client's ApiException, or whatever urllib3 raises.
        longest: characters of a refusal.
    """
    status = getattr(error, "status", None)
    return f"answers {status}: {refusal(error, longest)}" if status else unanswered(error)


def unanswered(error: Any) -> str:
    """Why no answer came of a request.

    Args:
        error: whatever urllib3 raises; or for a TLS handshake that failed an ApiException of status 0, whose reason is the error's name and text, a line each,
            https://github.com/kubernetes-client/python/blob/master/kubernetes/client/rest.py.
    """
    handshake = str(error.reason) if getattr(error, "status", None) == 0 else ""
    return f"does not answer: {': '.join(handshake.splitlines()) or type(error).__name__}"


def status_message(body: str | bytes | None, longest: int = 300) -> str:
    """The message of a Status; empty: it has none.

    Args:
        body: of an answer.
        longest: characters of the message.
    """
    try:
        return str(json.loads(body or "")["message"])[:longest]
    except (TypeError, ValueError, KeyError):
        return ""


def client_settings(
    kubeconfig: str, failure: type[K8sAuditError], called: str = "kubeconfig"
) -> "client.Configuration":
    """The client's settings for a kubeconfig's current context; a request that fails is not tried again, and no message has its text.

    Args:
        kubeconfig: a path.
        failure: the error that is raised.
        called: what its message calls it.

    Raises:
        K8sAuditError: of that kind: it cannot be used.
    """
    from kubernetes import client, config

    settings = client.Configuration()
    try:
        config.load_kube_config(kubeconfig, client_configuration=settings)
    except Exception as error:  # the loader raises whatever its YAML, file and plug-ins raise
        kind = str(error) if isinstance(error, config.ConfigException) else type(error).__name__
        if not os.path.exists(os.path.expanduser(kubeconfig)):  # the loader calls it an invalid one
            kind = "it is not there"
        raise failure(f"{called} {kubeconfig} cannot be used: {kind.splitlines()[0]}") from None
    settings.retries = False
    return settings
