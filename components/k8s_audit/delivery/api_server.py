"""One API server, asked with a kubeconfig's credentials at its own URL: marked requests and its audit counters."""

import json
import re
import time
from collections import Counter
from types import TracebackType
from typing import Any, Self

from k8s_audit.errors import DeliveryError

NAMESPACE = "default"
START_UP = 10.0
"""Seconds in which a fresh API server may still refuse: it is ready before its `default` namespace is."""
OK = 200
REQUEST_TIMEOUT = 10
"""Seconds."""
EVENTS, ERRORS = "apiserver_audit_event_total", "apiserver_audit_error_total"
METRIC = re.compile(rf"^({EVENTS}|{ERRORS})(?:\{{[^}}]*\}})? (\S+)$", re.MULTILINE)
"""https://kubernetes.io/docs/reference/instrumentation/metrics/"""


class ApiServer:
    """A context manager.

    Args:
        url: the API server's own.
        kubeconfig: the path of one.

    Raises:
        DeliveryError: the kubeconfig cannot be used.
    """

    def __init__(self, url: str, kubeconfig: str) -> None:
        """Read the kubeconfig; nothing is asked yet."""
        from kubernetes import client, config

        self.url, self.kubeconfig = url, kubeconfig
        settings = client.Configuration()
        try:
            config.load_kube_config(kubeconfig, client_configuration=settings)
        except Exception as error:  # the loader raises whatever its YAML, file and plug-ins raise
            kind = str(error) if isinstance(error, config.ConfigException) else type(error).__name__
            raise DeliveryError(f"kubeconfig {kubeconfig} cannot be used: {kind.splitlines()[0]}") from None
        settings.host, settings.proxy, settings.retries = url, None, False
        self.client = client.ApiClient(settings)
        self.core = client.CoreV1Api(self.client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()

    def dry_run_config_map(self, name: str) -> str:
        """Ask for a ConfigMap that is not stored; return the auditID of the request.

        Raises:
            DeliveryError: the API server does not answer, or refuses.
        """
        from kubernetes.client import V1ConfigMap, V1ObjectMeta
        from kubernetes.client.exceptions import ApiException

        config_map = V1ConfigMap(metadata=V1ObjectMeta(name=name))
        deadline = time.monotonic() + START_UP
        while True:
            try:
                headers = self.core.create_namespaced_config_map_with_http_info(
                    NAMESPACE, config_map, dry_run="All", _request_timeout=REQUEST_TIMEOUT
                )[2]
                break
            except ApiException as error:
                why = f"answers {error.status} to `create configmaps`: {_message(error)}"
            except Exception as error:  # whatever urllib3 raises
                why = f"does not answer: {type(error).__name__}"
            if time.monotonic() > deadline:
                look = f"kubectl --kubeconfig {self.kubeconfig} --server {self.url} auth can-i create configmaps"
                raise DeliveryError(f"{self.url} {why}.\nLook closer: {look}")
            time.sleep(0.25)
        audit_id = headers.get("Audit-Id")
        if not audit_id:
            raise DeliveryError(f"{self.url} names no Audit-Id; is there something between it and us?")
        return str(audit_id)

    def counters(self) -> Counter[str]:
        """Its counters of audit events and errors; empty if they cannot be read."""
        try:
            request = self.client.param_serialize("GET", "/metrics", auth_settings=["BearerToken"])
            answer = self.client.call_api(*request, _request_timeout=REQUEST_TIMEOUT)
            text = answer.read().decode() if answer.status == OK else ""
        except Exception:  # they only help a diagnosis
            return Counter()
        found: Counter[str] = Counter()
        for name, value in METRIC.findall(text):
            found[name] += int(float(value))
        return found


def _message(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])[:300]
    except (TypeError, ValueError, KeyError):
        return str(error.reason)
