"""Looks at a receiver in the cluster through the API server; nothing is changed. What may not be read is told, and the rest is looked at.

Rights: list `pods`, `events` and `configmaps` and get `pods/log` in its namespace, list `validatingwebhookconfigurations`, GET of `/metrics`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.receivers.helm import HelmReceiver
from k8s_audit.config.receivers.sysdig_agent import SysdigAgentReceiver
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import ConfigError, DeliveryError, ReceiverError
from k8s_audit.kubernetes_api import Document, answer_to, listed
from k8s_audit.receivers import metrics_api
from k8s_audit.receivers.cluster import asked
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
    from kubernetes.client.exceptions import ApiException

    found = {}
    path = f"/api/v1/namespaces/{namespace}/pods"
    with asked(kubeconfig) as api:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        for pod in listed(api, path, {"labelSelector": selector}):
            name = pod["metadata"]["name"]
            for container in pod["spec"]["containers"]:
                which = {"container": container["name"], "tailLines": str(TAIL)}
                try:
                    text = answer_to(api, "GET", f"{path}/{name}/log", query=which).accepted().text
                except ApiException as error:
                    if error.status not in (400, 404, 500):  # it has not started, is gone, or its node does not answer
                        raise
                    continue
                found[f"{name}/{container['name']}"] = text
    return found


def _events(kubeconfig: str, namespace: str, release: str) -> list[str]:
    with asked(kubeconfig) as api:
        items = listed(api, f"/api/v1/namespaces/{namespace}/events")
    told = [(each, str(each["involvedObject"].get("name"))) for each in items]
    return [
        f"{each.get('reason')} {str(each['involvedObject'].get('kind')).lower()}/{name}: {each.get('message')}"
        for each, name in told
        if name.startswith(release)
    ]


def _settings(kubeconfig: str, namespace: str, release: str) -> dict[str, str]:
    with asked(kubeconfig) as api:
        items = listed(api, f"/api/v1/namespaces/{namespace}/configmaps", {"labelSelector": f"{INSTANCE}={release}"})
    return {key: str(value) for item in items for key, value in (item.get("data") or {}).items() if key.isupper()}


def _webhooks(kubeconfig: str, names: Sequence[str]) -> list[Webhook]:
    with asked(kubeconfig) as api:
        items = listed(api, "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations")
    found = [webhook for item in items for webhook in item.get("webhooks") or [] if webhook["name"] in names]
    return [Webhook(one["name"], _of_rules(one, "operations"), _of_rules(one, "apiGroups")) for one in found]


def _of_rules(webhook: Document, key: str) -> frozenset[str]:
    return frozenset(str(value) for rule in webhook.get("rules") or [] for value in rule.get(key) or [])


def _failed_open(kubeconfig: str) -> Mapping[str, int]:
    with ApiServer(None, kubeconfig) as server:
        return server.known_counters().failed_open
