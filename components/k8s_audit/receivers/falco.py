"""Falco with its k8saudit plugin, by its own chart: a web server for audit events and rules, without a driver.

So it needs no privilege: no root, no host path, no right in the cluster. Never the NodePort of the chart's
values-k8saudit.yaml: that opens the plugin, which knows no credentials, on every node.
Source: https://github.com/falcosecurity/charts/tree/master/charts/falco
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.falco import FalcoReceiver as FalcoConfig
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import ACCEPTED
from k8s_audit.receivers.helm import installation
from k8s_audit.receivers.helm.network_policy import admit
from k8s_audit.receivers.helm.release import place_release, secret
from k8s_audit.receivers.kubernetes import sdk
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.service import dns_name, release_url
from k8s_audit.resources.receivers import ReceiverCertificate

CHART = "falco"
PATH = "/k8s-audit"
SERVICE = "k8saudit"
PEM, PEM_FOLDER = "falco.pem", "/etc/falco-tls"
"""Key and certificate in one file; not below /etc/falco, which falcoctl fills."""
PLUGIN, RULES = "k8saudit:0.16", "k8saudit-rules:0.16"
"""As the chart's values-k8saudit.yaml pins them; the plugin's own dependency, the plugin json, comes with it."""
RULES_FILE = "k8s_audit_rules.yaml"
USER = {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000}
"""Tried upstream without a driver: https://github.com/falcosecurity/charts/pull/435."""
SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
"""With USER and SECCOMP what Pod Security `restricted` asks for, and a read-only root."""
FETCHING = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
SIDEKICK = {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}


class FalcoReceiverArgs(TypedDict):
    """Arguments of FalcoReceiver."""

    settings: NotRequired[dict[str, Any]]
    """As an entry of `audit:receivers` of kind falco, without kind and name; default: the defaults."""


class FalcoReceiver(pulumi.ComponentResource):
    """Falco in the cluster. Its outputs are a platform's `receiver`."""

    url: pulumi.Output[str]
    """Where it takes events: by the ClusterIP that its Service has now."""
    ca: pulumi.Output[str]
    """PEM of the authority of its certificate; empty without TLS."""
    tls_server_name: pulumi.Output[str]
    """The name in its certificate; empty without TLS."""

    def __init__(self, name: str, args: FalcoReceiverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the receiver's name, and the release's.
            args: see FalcoReceiverArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or the chart's values have faults.
            ToolError: the chart cannot be had.
        """
        super().__init__("k8s-audit:index:FalcoReceiver", name, {}, opts)
        config = judge(FalcoConfig, "settings", {"kind": CHART, "name": name} | args.get("settings", {}))
        chart = installation.chart_of(CHART, config, self)
        installation.judge_whole(chart, values_of(config, installation.TO_BE_NAMED), config)
        child = pulumi.ResourceOptions(parent=self)
        inside = installation.in_namespace(config, "restricted", self)
        service = service_name(name)
        self.ca = self.tls_server_name = pulumi.Output.from_input("")
        tls: Any = None
        if config.tls:
            own = dns_name(service, config.namespace)
            certificate = ReceiverCertificate(f"{name}-certificate", [own], child)
            pem = pulumi.Output.concat(certificate.key, certificate.certificate)
            tls = secret(f"{name}-tls", config.namespace, {PEM: pem}, inside).metadata.name
            self.ca, self.tls_server_name = certificate.ca, pulumi.Output.from_input(own)
        if config.admit:
            admit(f"{name}-ingress", config.namespace, selector(name), config.port, config.admit, inside)
        _disruption_budget(name, config, inside)
        whole = installation.whole(values_of(config, tls), config)
        release = place_release(
            name, chart, config.namespace, whole, adopt=config.adopt, skip_await=not config.wait, opts=inside
        )
        scheme, place_of = "https" if config.tls else "http", f"{config.namespace}/{service}"
        self.url = release_url(f"{name}-service", release, place_of, scheme, config.port, PATH, child)
        self.register_outputs({"url": self.url, "ca": self.ca, "tlsServerName": self.tls_server_name})


def values_of(config: FalcoConfig, tls: Any) -> dict[str, Any]:
    """The chart's values.

    Args:
        config: what the user set.
        tls: name of the Secret that holds key and certificate; of no account without `tls`.
    """
    spread = {"labelSelector": {"matchLabels": selector(config.name)}, "topologyKey": "kubernetes.io/hostname"}
    values: dict[str, Any] = {
        "fullnameOverride": config.name,
        "driver": {"enabled": False},
        "collectors": {"enabled": False},
        "controller": {"kind": "deployment", "deployment": {"replicas": config.replicas}},
        "services": [
            {
                "name": SERVICE,
                "type": "ClusterIP",
                "ports": [{"name": "events", "port": config.port, "protocol": "TCP"}],
            }
        ],
        # a Role of the chart's for the driver's own ConfigMap, and an SCC for privileged pods
        "rbac": {"create": False},
        "scc": {"create": False},
        "podSecurityContext": USER | SECCOMP,
        "containerSecurityContext": CONTAINER,
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": spread}]
            }
        },
        "falcoctl": _falcoctl(config),
        "falco": _falco(config),
        "falcosidekick": _sidekick(config),
    }
    if config.all_rules():
        values["customRules"] = config.all_rules()
    if config.tls:
        volume = {"name": "k8saudit-tls", "secret": {"secretName": tls, "defaultMode": 0o440}}
        mount = {"name": "k8saudit-tls", "mountPath": PEM_FOLDER, "readOnly": True}
        values["mounts"] = {"volumes": [volume], "volumeMounts": [mount]}
    return _with_workload(values, config)


def service_name(release: str) -> str:
    """What the chart calls its Service for audit events."""
    return f"{release}-{SERVICE}"


def selector(release: str) -> dict[str, str]:
    """The labels of Falco's pods."""
    return {"app.kubernetes.io/name": CHART, "app.kubernetes.io/instance": release}


def address(config: FalcoConfig) -> ServiceAddress:
    """Its Service, for a command."""
    limits = {"body_limit": config.body_limit, "event_limit": config.event_limit}
    return ServiceAddress(config.namespace, service_name(config.name), config.port, PATH, tls=config.tls, **limits)


def place(config: FalcoConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    settings = config.model_dump(by_alias=True, exclude_unset=True, exclude={"kind", "name"})
    options = pulumi.ResourceOptions(providers=[placement.kubernetes()])
    falco = FalcoReceiver(config.name, {"settings": settings}, options)
    endpoint: ReceiverArgs = {
        "name": config.name,
        "url": falco.url,
        "body_limit": config.body_limit,
        "event_limit": config.event_limit,
        "proof": ACCEPTED,
        "namespace": config.namespace,
        "pod_port": config.port,
    }
    if config.tls:
        endpoint |= {"ca": falco.ca, "tls_server_name": falco.tls_server_name}
    return Placed(endpoint, {"receiver": falco.url}, resources=(falco,))


def _falco(config: FalcoConfig) -> dict[str, Any]:
    settings: dict[str, Any] = {"maxEventSize": config.event_limit, "webhookMaxBatchSize": config.body_limit}
    if config.tls:
        settings["sslCertificate"] = f"{PEM_FOLDER}/{PEM}"
    own = config.artifacts.rules and config.artifacts.install
    return {
        "rules_files": [f"/etc/falco/{RULES_FILE}"] * own + ["/etc/falco/rules.d"] * bool(config.all_rules()),
        "plugins": [
            {
                "name": "k8saudit",
                "library_path": "libk8saudit.so",
                "init_config": settings,
                "open_params": f"http{'s' if config.tls else ''}://:{config.port}{PATH}",
            },
            {"name": "json", "library_path": "libjson.so", "init_config": ""},
        ],
        "load_plugins": ["k8saudit", "json"],
        # the node's /proc, which only system calls need; and a syslog that no pod has
        "plugins_hostinfo": False,
        "syslog_output": {"enabled": False},
        "log_syslog": False,
        "json_output": True,
    }


def _falcoctl(config: FalcoConfig) -> dict[str, Any]:
    """Fetches at the start what is pinned; what would replace it meanwhile is off."""
    artifacts = config.artifacts
    refs = artifacts.refs or [*([RULES] if artifacts.rules else []), PLUGIN]
    return {
        "artifact": {
            "install": {
                "enabled": artifacts.install,
                # where it keeps what it knows of registries; the root is read-only
                "env": [{"name": "HOME", "value": "/artifactstate"}],
                "securityContext": CONTAINER,
                "resources": FETCHING,
            },
            "follow": {"enabled": False},
        },
        "config": {"artifact": {"install": {"resolveDeps": not artifacts.refs, "refs": refs}}},
    }


def _sidekick(config: FalcoConfig) -> dict[str, Any]:
    if config.sidekick is None:
        return {"enabled": False}
    values: dict[str, Any] = {
        "enabled": True,
        "replicaCount": config.sidekick.replicas,
        "podSecurityContext": {"runAsNonRoot": True, "runAsUser": 1234, "fsGroup": 1234} | SECCOMP,
        "securityContext": CONTAINER,
        "resources": SIDEKICK,
    }
    if config.sidekick.existing_secret:
        values["config"] = {"existingSecret": config.sidekick.existing_secret}
    return values


def _with_workload(values: dict[str, Any], config: FalcoConfig) -> dict[str, Any]:
    workload = config.workload
    registry = {"registry": workload.registry} if workload.registry else {}
    image: dict[str, Any] = dict(registry)
    if workload.digest:  # the chart joins repository and tag with a colon, and knows no digest
        name, _, digest = workload.digest.partition(":")
        image |= {"repository": f"falcosecurity/falco@{name}", "tag": digest}
    common = {
        "imagePullSecrets": installation.named(workload.pull_secrets),
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
    }
    common = {key: value for key, value in common.items() if value}
    values = values | common | ({"image": image} if image else {})
    if registry:
        values["falcoctl"] = values["falcoctl"] | {"image": registry}
    if workload.priority_class:
        values["podPriorityClassName"] = workload.priority_class
    if config.sidekick:
        own = common | ({"image": registry} if registry else {})
        if workload.pull_secrets:  # its chart takes the names alone
            own["imagePullSecrets"] = workload.pull_secrets
        if workload.priority_class:
            own["priorityClassName"] = workload.priority_class
        values["falcosidekick"] = values["falcosidekick"] | own
    return values


def _disruption_budget(name: str, config: FalcoConfig, options: pulumi.ResourceOptions) -> None:
    """At most one of its pods away at a time; the chart makes none."""
    policy, meta = sdk("policy.v1"), sdk("meta.v1")
    policy.PodDisruptionBudget(
        f"{name}-disruption",
        metadata=meta.ObjectMetaArgs(namespace=config.namespace),
        spec={"maxUnavailable": 1, "selector": {"matchLabels": selector(name)}},
        opts=options,
    )
