"""A stack's cluster, asked with a kubeconfig what a receiver needs to find there. Nothing is made or changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from k8s_audit.errors import ReceiverError
from k8s_audit.kubernetes_api import client_settings, unanswered


@contextmanager
def asked(kubeconfig: str) -> Iterator[Any]:
    """A client of the cluster; what goes wrong while it is asked is one message.

    Args:
        kubeconfig: a path.

    Raises:
        ReceiverError: the kubeconfig cannot be used, or the API server refuses or does not answer.
    """
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException

    settings = client_settings(kubeconfig, ReceiverError)
    with client.ApiClient(settings) as api:
        try:
            yield api
        except ApiException as error:
            why = f"answers {error.status} {error.reason}" if error.status else unanswered(error)
            raise ReceiverError(f"{settings.host} {why}") from None
        except ReceiverError:
            raise
        except Exception as error:  # whatever urllib3 raises
            raise ReceiverError(f"{settings.host} {unanswered(error)}") from None
