"""Looks at a receiver in the cluster through the API server; nothing is changed. What may not be read is told, and the rest is looked at.

Rights: list `pods`, `events` and `configmaps` and get `pods/log` in its namespace, list `validatingwebhookconfigurations`, GET of `/metrics`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.config.receivers.sysdig_agent import SysdigAgentReceiver
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import ConfigError, DeliveryError, ReceiverError
from k8s_audit.receivers import metrics_api
from k8s_audit.receivers.cluster import REQUEST_TIMEOUT, asked
from k8s_audit.receivers.troubles.signs import Signs, Webhook

TAIL = 400
"""Lines of a pod's log."""
INSTANCE = "app.kubernetes.io/instance"
"""The label that Helm's charts give to all of a release: https://helm.sh/docs/chart_best_practices/labels/"""
REFUSED = " answers "
"""In a message of a cluster that is there."""
Found = TypeVar("Found")


def look(receiver: HelmReceiver, platform: PlatformConfig, kubeconfig: str, webhooks: Sequence[str]) -> Signs:
    """What is seen of a receiver.

    Args:
        receiver: its configuration.
        platform: the cluster's.
        kubeconfig: path of one.
        webhooks: names of those that its chart registers.
    """
    unknown: list[str] = []

    def ask(what: str, question: Callable[[], Found], otherwise: Found) -> Found:
        try:
            return question()
        except (ReceiverError, DeliveryError) as error:
            unknown.append(f"{what}: {str(error).partition(chr(10))[0]}")
            return otherwise

    namespace, labels = receiver.namespace, _labels(receiver)
    logs = ask("its pods' logs", lambda: _logs(kubeconfig, namespace, labels), dict[str, str]())
    if unknown and REFUSED not in unknown[0]:  # nobody is there to be asked the rest
        return Signs(receiver, platform, unknown=unknown)
    events = ask("events", lambda: _events(kubeconfig, namespace, receiver.name), list[str]())
    settings = ask("its settings", lambda: _settings(kubeconfig, namespace, receiver.name), dict[str, str]())
    seen = ask("its webhooks", lambda: _webhooks(kubeconfig, webhooks), list[Webhook]()) if webhooks else []
    counted: Mapping[str, int] | None = None
    if seen:
        counted = ask("the API server's counters", lambda: _failed_open(kubeconfig), None)
    served: bool | None = ask("the metrics API", lambda: metrics_api.served(kubeconfig), None)
    if counted is not None:
        seen = [replace(each, failed_open=counted.get(each.name, 0)) for each in seen]
    return Signs(receiver, platform, logs, events, settings, seen, served, unknown)


def with_log(signs: Signs, file: Path) -> Signs:
    """The same with a log that was fetched by other means, such as a cloud's of its API servers.

    Raises:
        ConfigError: the file cannot be read.
    """
    try:
        text = file.read_text("utf-8", "replace")
    except OSError as error:
        raise ConfigError([f"--log: {file}: {error.strerror}"]) from None
    return replace(signs, logs={**signs.logs, str(file): text})


def _labels(receiver: HelmReceiver) -> Mapping[str, str]:
    if isinstance(receiver, SysdigAgentReceiver) and receiver.install == "none":
        return receiver.selector
    return {INSTANCE: receiver.name}


def _logs(kubeconfig: str, namespace: str, labels: Mapping[str, str]) -> dict[str, str]:
    from kubernetes.client import CoreV1Api
    from kubernetes.client.exceptions import ApiException

    found = {}
    with asked(kubeconfig) as api:
        core = CoreV1Api(api)
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        pods: list[Any] = core.list_namespaced_pod(
            namespace, label_selector=selector, _request_timeout=REQUEST_TIMEOUT
        ).items
        for pod in pods:
            name = pod.metadata.name
            for container in pod.spec.containers:
                try:
                    text = core.read_namespaced_pod_log(
                        name, namespace, container=container.name, tail_lines=TAIL, _request_timeout=REQUEST_TIMEOUT
                    )
                except ApiException as error:
                    if error.status not in (400, 404, 500):  # it has not started, is gone, or its node does not answer
                        raise
                    continue
                found[f"{name}/{container.name}"] = str(text or "")
    return found


def _events(kubeconfig: str, namespace: str, release: str) -> list[str]:
    from kubernetes.client import CoreV1Api

    with asked(kubeconfig) as api:
        items: list[Any] = CoreV1Api(api).list_namespaced_event(namespace, _request_timeout=REQUEST_TIMEOUT).items
    return [
        f"{each.reason} {str(each.involved_object.kind).lower()}/{each.involved_object.name}: {each.message}"
        for each in items
        if str(each.involved_object.name).startswith(release)
    ]


def _settings(kubeconfig: str, namespace: str, release: str) -> dict[str, str]:
    from kubernetes.client import CoreV1Api

    with asked(kubeconfig) as api:
        items: list[Any] = (
            CoreV1Api(api)
            .list_namespaced_config_map(
                namespace, label_selector=f"{INSTANCE}={release}", _request_timeout=REQUEST_TIMEOUT
            )
            .items
        )
    return {key: str(value) for item in items for key, value in (item.data or {}).items() if key.isupper()}


def _webhooks(kubeconfig: str, names: Sequence[str]) -> list[Webhook]:
    from kubernetes.client import AdmissionregistrationV1Api

    with asked(kubeconfig) as api:
        listed: Any = AdmissionregistrationV1Api(api).list_validating_webhook_configuration(
            _request_timeout=REQUEST_TIMEOUT
        )
    return [
        Webhook(
            webhook.name,
            frozenset(str(operation) for rule in webhook.rules or [] for operation in rule.operations or []),
            frozenset(str(group) for rule in webhook.rules or [] for group in rule.api_groups or []),
        )
        for item in listed.items
        for webhook in item.webhooks or []
        if webhook.name in names
    ]


def _failed_open(kubeconfig: str) -> Mapping[str, int]:
    with ApiServer(None, kubeconfig) as server:
        return server.known_counters().failed_open
