"""The Sysdig agent: a Service in front of one that is there already, or the agent itself by a chart.

The API server reaches it by the ClusterIP of its Service. The agent runs in the hosts' network, where no NetworkPolicy
applies, and on each node, where no PodDisruptionBudget does; its audit server speaks plain HTTP.
Source: https://github.com/sysdiglabs/charts/tree/main/charts/agent
"""

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.sysdig_agent import SysdigAgentReceiver as SysdigAgentConfig
from k8s_audit.receivers import sysdig
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import ACCEPTED
from k8s_audit.receivers.helm import installation
from k8s_audit.receivers.helm.chart import Chart
from k8s_audit.receivers.helm.installation import TO_BE_NAMED
from k8s_audit.receivers.helm.release import place_release, secret
from k8s_audit.receivers.kubernetes import sdk
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.service import made_url, release_url
from k8s_audit.receivers.sysdig import ACCESS_KEY
from k8s_audit.resources.receivers import ReceiverPods

if TYPE_CHECKING:
    pass

PART = "agent"
"""The chart's name, and its key in the umbrella."""
PATH = "/k8s_audit"


class SysdigAgentArgs(TypedDict):
    """Arguments of SysdigAgentReceiver."""

    cluster: str
    """The cluster's name, as Sysdig shows it."""
    kubeconfig: str
    """Path of a kubeconfig that may list the pods of the agent's namespace."""
    settings: NotRequired[dict[str, Any]]
    """As an entry of `audit:receivers` of kind sysdig-agent, without kind and name; default: an agent that is there."""
    access_key: NotRequired[pulumi.Input[str]]
    """The agent's access key, where a chart installs it; a secret."""


class SysdigAgentReceiver(pulumi.ComponentResource):
    """A Sysdig agent's audit server, reached by its Service. Its outputs are a platform's `receiver`."""

    url: pulumi.Output[str]
    """Where it takes events: by the ClusterIP that its Service has now."""

    def __init__(self, name: str, args: SysdigAgentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the receiver's name, and the release's.
            args: see SysdigAgentArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or the chart's values have faults.
            ToolError: the chart cannot be had.
        """
        super().__init__("k8s-audit:index:SysdigAgentReceiver", name, {}, opts)
        config = judge(SysdigAgentConfig, "settings", {"kind": "sysdig-agent", "name": name} | args.get("settings", {}))
        place_it = _in_front if config.install == "none" else _installed
        self.url = place_it(self, name, config, args)
        self.register_outputs({"url": self.url})


def values_of(config: SysdigAgentConfig, chart: Chart, cluster: str, access_key: Any) -> dict[str, Any]:
    """The values of the chart that `install` names.

    Args:
        config: what the user set.
        chart: the chart, whose own tolerations stay.
        cluster: the cluster's name.
        access_key: name of the Secret that holds it.
    """
    umbrella = config.install == sysdig.UMBRELLA
    own = (chart.subcharts[PART] if umbrella else chart).values.get("tolerations", [])
    values: dict[str, Any] = {"auditLog": {"enabled": True, "auditServerPort": config.port}} | _workload(config, own)
    collector: dict[str, Any] = {} if config.verify_ssl else {"sslVerifyCertificate": False}
    if config.backend.collector:
        collector |= sysdig.collector_of(config.backend.collector)
    if collector:
        values["collectorSettings"] = collector
    if config.ca:
        values["ssl"] = {"ca": {"certs": [config.ca], "keyName": "ca.crt"}}
    if umbrella:
        return sysdig.under(PART, values, cluster, config.backend, access_key)
    return values | {
        "clusterName": cluster,
        "global": {"sysdig": {"region": config.backend.name()}},
        "sysdig": {"existingAccessKeySecret": access_key},
    }


def service_name(release: str) -> str:
    """What the chart calls its Service."""
    return sysdig.full_name(release, PART)


def address(config: SysdigAgentConfig) -> ServiceAddress:
    """Its Service, for a command."""
    service = config.service if config.install == "none" else service_name(config.name)
    return ServiceAddress(config.namespace, service, config.port, PATH)


def place(config: SysdigAgentConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    args: SysdigAgentArgs = {
        "cluster": placement.cluster,
        "kubeconfig": placement.kubeconfig,
        "settings": config.model_dump(by_alias=True, exclude_unset=True, exclude={"kind", "name"}),
    }
    if config.secrets():
        args["access_key"] = placement.secret("sysdigAccessKey")
    agent = SysdigAgentReceiver(config.name, args, pulumi.ResourceOptions(providers=[placement.kubernetes()]))
    endpoint: ReceiverArgs = {"name": config.name, "url": agent.url, "proof": ACCEPTED, "pod_port": config.port}
    return Placed(endpoint, {"receiver": agent.url}, resources=(agent,))


def _workload(config: SysdigAgentConfig, own_tolerations: list[dict[str, Any]]) -> dict[str, Any]:
    workload = config.workload
    values: dict[str, Any] = {}
    image: dict[str, Any] = {
        "registry": workload.registry,
        "digest": workload.digest,
        "pullSecrets": installation.named(workload.pull_secrets),
    }
    if any(image.values()):
        values["image"] = {key: value for key, value in image.items() if value}
    if workload.tolerations:
        values["tolerations"] = [*own_tolerations, *workload.tolerations]
    if workload.node_selector:
        values["daemonset"] = {"nodeSelector": workload.node_selector}
    if workload.priority_class:
        values["priorityClassName"] = workload.priority_class
    return values


def _in_front(
    parent: SysdigAgentReceiver, name: str, config: SysdigAgentConfig, args: SysdigAgentArgs
) -> pulumi.Output[str]:
    """The URL of the Service of an agent that is there already, made when its pods have been found."""
    pods = ReceiverPods(
        f"{name}-pods",
        args["kubeconfig"],
        config.namespace,
        config.selector,
        config.port,
        pulumi.ResourceOptions(parent=parent),
    )
    service = sdk("core.v1").Service(
        f"{name}-service",
        metadata={"name": config.service, "namespace": config.namespace, "labels": config.selector},
        spec={
            "type": "ClusterIP",
            "selector": config.selector,
            "ports": [{"name": "k8s-audit", "protocol": "TCP", "port": config.port, "targetPort": config.port}],
        },
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[pods]),
    )
    return made_url(service, "http", config.port, PATH)


def _installed(
    parent: SysdigAgentReceiver, name: str, config: SysdigAgentConfig, args: SysdigAgentArgs
) -> pulumi.Output[str]:
    """The URL of the Service that the chart makes with the agent."""
    chart = installation.chart_of(config.install, config, parent)
    installation.judge_whole(chart, values_of(config, chart, args["cluster"], TO_BE_NAMED), config)
    inside = installation.in_namespace(config, "privileged", parent)
    key: Any = config.existing_secret
    if key is None:
        access_key = pulumi.Output.secret(args["access_key"])
        key = secret(f"{name}-access-key", config.namespace, {ACCESS_KEY: access_key}, inside).metadata.name
    values = installation.whole(values_of(config, chart, args["cluster"], key), config)
    release = place_release(
        name, chart, config.namespace, values, adopt=config.adopt, skip_await=not config.wait, opts=inside
    )
    service = f"{config.namespace}/{service_name(name)}"
    child = pulumi.ResourceOptions(parent=parent)
    return release_url(f"{name}-service", release, service, "http", config.port, PATH, child)
