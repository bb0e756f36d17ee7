"""Sysdig shield, by its chart `shield`: its cluster part takes audit events or AdmissionReviews.

The chart installs the host part on each node too; what it does is set in `values`.
Source: https://github.com/sysdiglabs/charts/tree/main/charts/shield
"""

from functools import partial
from typing import Any

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.sysdig_shield import SysdigShieldReceiver as SysdigShieldConfig
from k8s_audit.receivers import sysdig
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.helm import installation
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.shield import PATH, Shield, ShieldArgs, args_of, audit_of, placed, spread, webhooks_of

CHART = "shield"
SERVICE_LENGTH = 48
"""Characters that the chart leaves of its name before `-cluster`."""


class SysdigShieldReceiver(Shield):
    """Sysdig shield."""

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
        super().__init__("k8s-audit:index:SysdigShieldReceiver", name, {}, opts)
        config = judge(
            SysdigShieldConfig, "settings", {"kind": "sysdig-shield", "name": name} | args.get("settings", {})
        )
        chart = installation.chart_of(CHART, config, self)
        values = partial(values_of, config, args["cluster"])
        self.install(name, config, args, chart, values, service_name(name), selector(name), "privileged")


def values_of(config: SysdigShieldConfig, cluster: str, access_key: Any, tls: Any) -> dict[str, Any]:
    """The chart's values.

    Args:
        config: what the user set.
        cluster: the cluster's name.
        access_key: name of the Secret that holds it.
        tls: name of the Secret that holds certificate, key and authority.
    """
    endpoint: dict[str, Any] = {"region": config.backend.name(), "access_key_existing_secret": access_key}
    if config.backend.api_endpoint and config.backend.collector:
        endpoint["api_url"] = f"https://{config.backend.api_endpoint}"
        endpoint["collector"] = config.backend.collector.model_dump()
    ssl: dict[str, Any] = {"verify": config.verify_ssl}
    if config.ca:
        ssl["ca"] = {"certs": [config.ca], "key_name": "ca.crt"}
    part: dict[str, Any] = {
        "tls_certificates": {"create": False, "secret_name": tls},
        "replica_count": config.replicas,
        "run_mode": config.run_mode,
        "host_network": config.host_network,
        "affinity": spread(selector(config.name)),
        "security_context": {"seccompProfile": {"type": "RuntimeDefault"}},
    }
    return {
        "cluster_config": {"name": cluster},
        "sysdig_endpoint": endpoint,
        "features": {"detections": {"kubernetes_audit": audit_of(config)}},
        "ssl": ssl,
        **_workload(config, part),
    }


def service_name(release: str) -> str:
    """What the chart calls the Service of its cluster part."""
    return f"{sysdig.full_name(release, CHART)[:SERVICE_LENGTH].rstrip('-')}-cluster"


def selector(release: str) -> dict[str, str]:
    """The labels of the pods of its cluster part."""
    return {"app.kubernetes.io/name": CHART, "app.kubernetes.io/instance": release, "sysdig/component": "cluster"}


def address(config: SysdigShieldConfig) -> ServiceAddress:
    """Its Service, for a command."""
    return ServiceAddress(config.namespace, service_name(config.name), config.http_port, PATH, tls=True)


def webhooks(config: SysdigShieldConfig) -> tuple[str, ...]:
    """The webhooks that its chart registers."""
    return webhooks_of(config)


def place(config: SysdigShieldConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    options = pulumi.ResourceOptions(providers=[placement.kubernetes()])
    return placed(config, SysdigShieldReceiver(config.name, args_of(config, placement), options))


def _workload(config: SysdigShieldConfig, part: dict[str, Any]) -> dict[str, Any]:
    """The values of cluster part and host part with what the workload sets of both; the digest is the cluster part's."""
    workload = config.workload
    image: dict[str, Any] = {}
    if workload.registry:
        image["registry"] = workload.registry
    if workload.pull_secrets:
        image["pull_secrets"] = installation.named(workload.pull_secrets)
    both: dict[str, Any] = {"image": image} if image else {}
    if workload.priority_class:
        both["priority_class"] = {"name": workload.priority_class}
    values: dict[str, Any] = {"cluster": part | both}
    if workload.digest:
        values["cluster"]["image"] = image | {"tag": workload.digest}
    if both:
        values["host"] = both
    if workload.tolerations:
        values["tolerations"] = workload.tolerations
    if workload.node_selector:
        values["node_selector"] = workload.node_selector
    return values
