"""Sysdig cluster shield, by its chart `cluster-shield` or under `sysdig-deploy`, where two switches turn it on: both are set.

Source: https://github.com/sysdiglabs/charts/tree/main/charts/cluster-shield
"""

from functools import partial
from typing import Any

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.cluster_shield import ClusterShieldReceiver as ClusterShieldConfig
from k8s_audit.receivers import sysdig
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.helm import installation
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.shield import PATH, Shield, ShieldArgs, args_of, audit_of, placed, spread, webhooks_of

CHART, PART = "cluster-shield", "clusterShield"
"""The chart's name, and its key in the umbrella."""
COMMANDS = {"single-process": "run-all", "multi-process": "run-all-namespaced"}


class ClusterShieldReceiver(Shield):
    """Sysdig cluster shield."""

    def __init__(self, name: str, args: ShieldArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the receiver's name, and the release's.
            args: see ShieldArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or the chart's values have faults.
            ToolError: the chart cannot be had.
        """
        super().__init__("k8s-audit:index:ClusterShieldReceiver", name, {}, opts)
        config = judge(ClusterShieldConfig, "settings", {"kind": CHART, "name": name} | args.get("settings", {}))
        chart = installation.chart_of(config.install, config, self)
        values = partial(values_of, config, args["cluster"])
        self.install(name, config, args, chart, values, service_name(config), selector(config), pod_security(config))


def values_of(config: ClusterShieldConfig, cluster: str, access_key: Any, tls: Any) -> dict[str, Any]:
    """The values of the chart that `install` names.

    Args:
        config: what the user set.
        cluster: the cluster's name.
        access_key: name of the Secret that holds it.
        tls: name of the Secret that holds certificate, key and authority.
    """
    endpoint: dict[str, Any] = {"region": config.backend.name()}
    if config.backend.api_endpoint and config.backend.collector:
        endpoint["api_url"] = f"https://{config.backend.api_endpoint}"
        endpoint["collector"] = f"{config.backend.collector.host}:{config.backend.collector.port}"
    shield: dict[str, Any] = {
        "cluster_config": {"name": cluster},
        "sysdig_endpoint": endpoint,
        "features": {"audit": audit_of(config)},
        "ssl": {"verify": config.verify_ssl},
    }
    values: dict[str, Any] = {
        "cluster_shield": shield,
        "existingTLSSecret": {"name": tls},
        "replicaCount": config.replicas,
        "run_command": COMMANDS[config.run_mode],
        "hostNetwork": config.host_network,
        "affinity": spread(selector(config)),
        **_workload(config),
    }
    if config.ca:
        values["ca"] = {"certs": [config.ca], "keyName": "ca.crt"}
    if config.install == sysdig.UMBRELLA:
        return sysdig.under(PART, values, cluster, config.backend, access_key)
    return values | {"global": {"sysdig": {"accessKeySecret": access_key}}}


def service_name(config: ClusterShieldConfig) -> str:
    """What the chart calls its Service."""
    return sysdig.full_name(config.name, _chart_name(config))


def selector(config: ClusterShieldConfig) -> dict[str, str]:
    """The labels of its pods."""
    return {"app.kubernetes.io/name": _chart_name(config).lower(), "app.kubernetes.io/instance": config.name}


def pod_security(config: ClusterShieldConfig) -> str:
    """What its pods need of their namespace; the umbrella's agents need all."""
    alone = config.install == CHART and config.run_mode == "single-process" and not config.host_network
    return "baseline" if alone else "privileged"


def address(config: ClusterShieldConfig) -> ServiceAddress:
    """Its Service, for a command."""
    return ServiceAddress(config.namespace, service_name(config), config.http_port, PATH, tls=True)


def webhooks(config: ClusterShieldConfig) -> tuple[str, ...]:
    """The webhooks that its chart registers."""
    return webhooks_of(config)


def place(config: ClusterShieldConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    options = pulumi.ResourceOptions(providers=[placement.kubernetes()])
    return placed(config, ClusterShieldReceiver(config.name, args_of(config, placement), options))


def _chart_name(config: ClusterShieldConfig) -> str:
    return PART if config.install == sysdig.UMBRELLA else CHART


def _workload(config: ClusterShieldConfig) -> dict[str, Any]:
    workload = config.workload
    values: dict[str, Any] = {
        "image": {"registry": workload.registry} if workload.registry else {},
        "imagePullSecrets": installation.named(workload.pull_secrets),
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
        "priorityClassName": workload.priority_class,
    }
    return {key: value for key, value in values.items() if value}
