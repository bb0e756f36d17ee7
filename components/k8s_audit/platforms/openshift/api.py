"""Requests to an OpenShift cluster's API by path, with a kubeconfig's credentials. Nothing is decided here."""

from typing import Any

from k8s_audit.errors import ConflictError, HostError
from k8s_audit.kubernetes_api import answer_to, client_settings, status_message, unanswered

DONE, NOT_FOUND, CONFLICT = (200, 201), 404, 409


class AwayError(HostError):
    """The API server does not answer, as it may while it is restarted."""


class OpenshiftApi:
    """One cluster's API.

    Args:
        kubeconfig: the path of one.
    """

    def __init__(self, kubeconfig: str) -> None:
        """Nothing is asked yet."""
        self.kubeconfig = kubeconfig

    def get(self, path: str) -> dict[str, Any] | None:
        """What is there; None: nothing.

        Raises:
            HostError: the cluster cannot be asked.
        """
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        """One request; a PATCH is a merge patch.

        Args:
            method: of HTTP.
            path: of the object, or where it is made.
            body: the object, or its patch.

        Returns:
            the answer; None: what was asked for, or shall go, is not there.

        Raises:
            ConflictError: somebody changed the object since it was read, or it is there already.
            AwayError: the API server does not answer, or not yet.
            HostError: the cluster refuses.
        """
        from kubernetes import client

        settings = client_settings(self.kubeconfig, HostError)
        try:
            with client.ApiClient(settings) as api:
                answer = answer_to(api, method, path, body)
        except Exception as error:  # whatever urllib3 raises
            raise AwayError(f"the cluster {unanswered(error)}{self._look(method, path)}") from None
        status, text = answer.status, answer.text
        if status == NOT_FOUND and method in ("GET", "DELETE"):
            return None
        if status == CONFLICT:
            what = "/".join(path.split("/")[-2:])
            raise ConflictError(f"{what} was changed by somebody else meanwhile; the next `up` begins anew")
        if status not in DONE:
            kind = AwayError if status >= 500 else HostError
            raise kind(
                f"the cluster answers {status} to {method} {path}: {status_message(text) or text[:300]}{self._look(method, path)}"
            )
        return answer.document

    def _look(self, method: str, path: str) -> str:
        return (
            f"\nLook closer: kubectl --kubeconfig {self.kubeconfig} auth can-i {method.lower()} {path.split('/')[-2]}"
        )
