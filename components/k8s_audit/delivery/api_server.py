"""One API server, asked with a kubeconfig's credentials at its own URL: marked requests and its audit counters."""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from k8s_audit.errors import DeliveryError
from k8s_audit.kubernetes_api import answer_to, client_settings, failure, refusal, unanswered

NAMESPACE = "default"
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
START_UP = 10.0
"""Seconds in which a fresh API server may still refuse: it is ready before its `default` namespace is."""
EVENTS, ERRORS = "apiserver_audit_event_total", "apiserver_audit_error_total"
REQUESTS = "rest_client_requests_total"
REVIEWS, FAILED_OPEN = "apiserver_admission_webhook_request_total", "apiserver_admission_webhook_fail_open_count"
METRIC = re.compile(rf"^({EVENTS}|{ERRORS}|{REQUESTS}|{REVIEWS}|{FAILED_OPEN})(?:\{{(.*)\}})? (\S+)$", re.MULTILINE)
"""https://kubernetes.io/docs/reference/instrumentation/metrics/"""
STARTED = re.compile(r"^process_start_time_seconds (\S+)$", re.MULTILINE)
"""https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics"""
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
LOG = "log"
"""The plugin whose errors say nothing of the webhook."""
BAD_REQUEST, DRY_RUN = 400, "dryRun"
"""How API servers before 1.13 refuse a dry run: https://github.com/kubernetes/kubernetes/pull/63557, https://github.com/kubernetes/kubernetes/issues/68583."""


@dataclass(frozen=True)
class Counters:
    """What an API server has counted since it started.

    Args:
        events: audit events made.
        errors: audit events lost on their way to the webhook: not sent, refused, or no room for them.
        posts: POSTs that it made as a client, by host and HTTP status; `<error>` where nothing was answered.
        reviews: answers of admission webhooks, by webhook and HTTP status; 200 for each that could be understood.
        failed_open: reviews that failed and were let pass, by webhook.
    """

    events: int = 0
    errors: int = 0
    posts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    reviews: Mapping[tuple[str, str], int] = field(default_factory=dict)
    failed_open: Mapping[str, int] = field(default_factory=dict)

    def posts_to(self, host: str) -> Counter[str]:
        """The POSTs to a host, by HTTP status."""
        return Counter({code: count for (at, code), count in self.posts.items() if at == host})

    def reviews_of(self, webhook: str) -> Counter[str]:
        """The answers of a webhook, by HTTP status."""
        return Counter({code: count for (name, code), count in self.reviews.items() if name == webhook})


def read_counters(text: str) -> Counters:
    """The counters in the text of /metrics."""
    events = errors = 0
    posts, reviews, failed_open = Counter[tuple[str, str]](), Counter[tuple[str, str]](), Counter[str]()
    for metric, labelled, number in METRIC.findall(text):
        labels, value = dict(LABEL.findall(labelled)), int(float(number))
        if metric == EVENTS:
            events += value
        elif metric == ERRORS and labels.get("plugin") != LOG:
            errors += value
        elif metric == REQUESTS and labels.get("method") == "POST":
            posts[labels["host"], labels["code"]] += value
        elif metric == REVIEWS:
            reviews[labels["name"], labels["code"]] += value
        elif metric == FAILED_OPEN:
            failed_open[labels["name"]] += value
    return Counters(events, errors, posts, reviews, failed_open)


class ApiServer:
    """A context manager.

    Args:
        url: the API server's own; None: what the kubeconfig says, its proxy too.
        kubeconfig: the path of one.
        tls_server_name: the name in its certificate, where the URL has another one; None: what the kubeconfig says.

    Raises:
        DeliveryError: the kubeconfig cannot be used.
    """

    def __init__(self, url: str | None, kubeconfig: str, tls_server_name: str | None = None) -> None:
        """Read the kubeconfig; nothing is asked yet."""
        from kubernetes import client

        settings = client_settings(kubeconfig, DeliveryError)
        if url:
            settings.host, settings.proxy = url, None
        if tls_server_name:
            settings.tls_server_name = tls_server_name
        self.url, self.kubeconfig = str(settings.host), kubeconfig
        self.client = client.ApiClient(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()

    def dry_run_config_map(self, name: str) -> str:
        """Ask for a ConfigMap that is not stored; return the auditID of the request, be it refused since the API server knows no dry run.

        Raises:
            DeliveryError: the API server does not answer, or refuses.
        """
        from kubernetes.client.exceptions import ApiException

        config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        deadline = time.monotonic() + START_UP
        while True:
            try:
                answer = answer_to(self.client, "POST", CONFIG_MAPS, config_map, {"dryRun": "All"})
                headers = answer.accepted().headers
                break
            except ApiException as error:
                if error.status == BAD_REQUEST and DRY_RUN in str(error.body):
                    headers = error.headers or {}
                    break
                to = f"answers {error.status} to `create configmaps`: {refusal(error)}"
                why = to if error.status else unanswered(error)
            except Exception as error:  # whatever urllib3 raises
                why = unanswered(error)
            if time.monotonic() > deadline:
                look = f"kubectl --kubeconfig {self.kubeconfig} --server {self.url} auth can-i create configmaps"
                raise DeliveryError(f"{self.url} {why}.\nLook closer: {look}")
            time.sleep(0.25)
        audit_id = headers.get("Audit-Id")
        if not audit_id:
            raise DeliveryError(f"{self.url} names no Audit-Id; is there something between it and us?")
        return str(audit_id)

    def counters(self) -> Counters | None:
        """What it has counted; None if that cannot be read."""
        try:
            return self.known_counters()
        except DeliveryError:
            return None

    def known_counters(self) -> Counters:
        """What it has counted.

        Raises:
            DeliveryError: that cannot be read.
        """
        return read_counters(self._metrics())

    def started(self) -> float:
        """When its process started, in seconds since the epoch by its own host's clock; over one connection it is one process that answers.

        Raises:
            ForbiddenError: the API server does not let the kubeconfig's user.
            DeliveryError: that cannot be read.
        """
        if found := STARTED.search(self._metrics()):
            return float(found[1])
        raise DeliveryError(f"{self.url} does not tell when its process started")

    def _metrics(self) -> str:
        try:
            return answer_to(self.client, "GET", "/metrics").accepted().text
        except Exception as error:  # whatever urllib3 raises
            status = getattr(error, "status", None)
            why = f"answers {status}; the kubeconfig needs the right to get /metrics" if status else unanswered(error)
            kind = failure(error, DeliveryError)
        look = f"kubectl --kubeconfig {self.kubeconfig} --server {self.url} get --raw /metrics"
        raise kind(f"{self.url} {why}; its counters prove delivery to this receiver.\nLook closer: {look}")
