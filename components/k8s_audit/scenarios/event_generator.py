"""Falco's event generator as a scenario: its chart, rendered by helm to a Job that makes the k8saudit actions and ends.

Its events are its own service account's, so not followed by auditID; the requests that put it there are. Its role reads every
core object of the namespace (the chart's own rule), so give it a namespace where nothing lies.
https://github.com/falcosecurity/charts/tree/master/charts/event-generator
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from k8s_audit.config.receivers.helm import ChartConfig
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import ConfigError, DeliveryError
from k8s_audit.receivers.helm.chart import load_chart
from k8s_audit.receivers.helm.tool import helm
from k8s_audit.scenarios.run import OK, ask
from k8s_audit.scenarios.scenario import Scenario, Step

NAME = "event-generator"
NAME_HERE, NAMESPACE_HERE = "k8s-audit-name-here", "k8s-audit-namespace-here"
"""What helm is given for a run's name and namespace: `{name}` would be no valid one."""
NOBODY = 65534
VALUES = {
    "fullnameOverride": NAME_HERE,
    "image": {"tag": ""},
    "config": {"command": "run", "actions": "^k8saudit", "loop": False},
    "podSecurityContext": {
        "runAsNonRoot": True,
        "runAsUser": NOBODY,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
"""All actions on the Kubernetes API, once; the image of the chart's own version instead of `latest`; no root."""
PLURALS = {
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "RoleBinding": "rolebindings",
    "ConfigMap": "configmaps",
    "Job": "jobs",
}
CLUSTER_SCOPED = ("ClusterRole",)
JOB = "/apis/batch/v1/namespaces/{namespace}/jobs/{name}"


def event_generator(chart: ChartConfig, values: Path | None = None) -> Scenario:
    """The scenario.

    Args:
        chart: where its chart comes from.
        values: a file of further values, such as a mirror's image or tolerations; they win.

    Raises:
        ConfigError: the chart or the file is not there, or the chart makes another kind of object.
        ToolError: helm is missing or fails.
    """
    if values and not values.is_file():
        raise ConfigError([f"--chart-values: {values} is no file"])
    folder = load_chart(NAME, chart, "--chart").path
    with tempfile.TemporaryDirectory() as made:
        ours = Path(made, "values.json")
        ours.write_text(json.dumps(VALUES))
        files = [ours, values] if values else [ours]
        options = [part for file in files for part in ("--values", str(file))]
        text = helm("template", NAME, str(folder), "--namespace", NAMESPACE_HERE, *options)
    objects = [_placeholders(found) for found in yaml.safe_load_all(text) if found]
    return Scenario(NAME, "Falco's event generator: its k8saudit actions, as a Job", tuple(map(_step, objects)), JOB)


def refuse_without_node(server: ApiServer) -> None:
    """Raise where no node is ready, since the generator is a pod.

    Raises:
        DeliveryError: no node is ready, or nodes cannot be listed.
    """
    answer = ask(server, "GET", "/api/v1/nodes")
    if answer.status != OK:
        raise DeliveryError(f"scenario {NAME}: nodes cannot be listed ({answer.status} {answer.message})")
    if not any(map(_ready, answer.body["items"])):
        raise DeliveryError(
            f"scenario {NAME} runs as a pod, and {server.url} has no ready node ({len(answer.body['items'])} in all);"
            " the other scenarios need none"
        )


def _ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _placeholders(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(NAME_HERE, "{name}").replace(NAMESPACE_HERE, "{namespace}")
    if isinstance(value, dict):
        return {key: _placeholders(part) for key, part in value.items()}
    return [_placeholders(part) for part in value] if isinstance(value, list) else value


def _step(made: dict[str, Any]) -> Step:
    kind, version = made["kind"], made["apiVersion"]
    if kind not in PLURALS:
        raise ConfigError([f"--chart: it makes a {kind}; allowed: {', '.join(PLURALS)} (config.loop must be false)"])
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    where = root if kind in CLUSTER_SCOPED else f"{root}/namespaces/{{namespace}}"
    body = {key: value for key, value in made.items() if key != "metadata"}
    return Step("POST", f"{where}/{PLURALS[kind]}", body, name=made["metadata"]["name"])
