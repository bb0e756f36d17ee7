"""Sysdig's shields, as far as both charts are alike: Secrets, a certificate of ours, the release, and the way to it.

The charts would make a certificate of their own at the first installation, whose authority no API server knows; ours
lies in a Secret that they name, so that each render is the same and the webhook file can trust it.
"""

from collections.abc import Callable
from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.receivers.shield import ShieldReceiver as ShieldConfig
from k8s_audit.config.receivers.sysdig import rules_of
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import ACCEPTED
from k8s_audit.receivers.helm import installation
from k8s_audit.receivers.helm.chart import Chart
from k8s_audit.receivers.helm.installation import TO_BE_NAMED
from k8s_audit.receivers.helm.network_policy import admit
from k8s_audit.receivers.helm.release import place_release, secret
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.service import dns_name, release_url
from k8s_audit.receivers.sysdig import ACCESS_KEY
from k8s_audit.resources.receivers import ReceiverCertificate

PATH = "/k8s-audit"
WEBHOOK = "audit.secure.sysdig.com"
"""Its validating webhook, as the API server's metrics name it."""
ValuesOf = Callable[[Any, Any], dict[str, Any]]
"""The chart's values from the names of two Secrets: the access key's and the certificate's."""


class ShieldArgs(TypedDict):
    """Arguments of SysdigShieldReceiver and ClusterShieldReceiver."""

    cluster: str
    """The cluster's name, as Sysdig shows it."""
    settings: NotRequired[dict[str, Any]]
    """As an entry of `audit:receivers` of this kind, without kind and name; default: the defaults."""
    access_key: NotRequired[pulumi.Input[str]]
    """The access key, unless `settings` name a Secret; a secret."""


class Shield(pulumi.ComponentResource):
    """What both shields are. Its outputs are a platform's `receiver`, unless it is a validating webhook."""

    url: pulumi.Output[str]
    """Where it takes events: by the ClusterIP that its Service has now; empty with `method: validating_webhook`."""
    ca: pulumi.Output[str]
    """PEM of the authority of its certificate."""
    tls_server_name: pulumi.Output[str]
    """The name in its certificate."""

    def install(
        self,
        name: str,
        config: ShieldConfig,
        args: ShieldArgs,
        chart: Chart,
        values: ValuesOf,
        service: str,
        selector: dict[str, str],
        pod_security: str,
    ) -> None:
        """Register what stands around the release, and the release.

        Args:
            name: the release's name.
            config: the judged settings.
            args: the component's.
            chart: the chart.
            values: makes its values.
            service: the name of its Service.
            selector: the labels of its pods.
            pod_security: what its pods need of their namespace.
        """
        installation.judge_whole(chart, values(TO_BE_NAMED, TO_BE_NAMED), config)
        child = pulumi.ResourceOptions(parent=self)
        inside = installation.in_namespace(config, pod_security, self)
        key: Any = config.existing_secret
        if key is None:
            access_key = pulumi.Output.secret(args["access_key"])
            key = secret(f"{name}-access-key", config.namespace, {ACCESS_KEY: access_key}, inside).metadata.name
        certificate = ReceiverCertificate(f"{name}-certificate", names_of(service, config.namespace), child)
        pem = {"ca.crt": certificate.ca, "tls.crt": certificate.certificate, "tls.key": certificate.key}
        tls = secret(f"{name}-tls", config.namespace, pem, inside).metadata.name
        if config.admit:
            admit(f"{name}-ingress", config.namespace, selector, config.http_port, config.admit, inside)
        whole = installation.whole(values(key, tls), config)
        release = place_release(
            name, chart, config.namespace, whole, adopt=config.adopt, skip_await=not config.wait, opts=inside
        )
        self.ca = certificate.ca
        self.tls_server_name = pulumi.Output.from_input(dns_name(service, config.namespace))
        self.url = pulumi.Output.from_input("")
        if config.takes() == "events":
            place_of = f"{config.namespace}/{service}"
            self.url = release_url(f"{name}-service", release, place_of, "https", config.http_port, PATH, child)
        self.register_outputs({"url": self.url, "ca": self.ca, "tlsServerName": self.tls_server_name})


def audit_of(config: ShieldConfig) -> dict[str, Any]:
    """The audit feature, which both charts spell alike."""
    values: dict[str, Any] = {"enabled": True, "method": config.method, "http_port": config.http_port}
    if config.takes() == "reviews":
        values |= {"timeout": config.timeout, "excluded_namespaces": config.excluded_namespaces}
        if config.webhook_rules:
            values["webhook_rules"] = rules_of(config.webhook_rules)
    return values


def spread(selector: dict[str, str]) -> dict[str, Any]:
    """Affinity that keeps its pods on different nodes where it can; the charts have no topology spread."""
    term = {"labelSelector": {"matchLabels": selector}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]
        }
    }


def names_of(service: str, namespace: str) -> list[str]:
    """The names in its certificate, the one that API servers ask for first; the others are those of the charts' own."""
    own = dns_name(service, namespace)
    return [own, service, f"{own}.cluster.local", "localhost", "127.0.0.1"]


def args_of(config: ShieldConfig, placement: Placement) -> ShieldArgs:
    """The component's arguments for a receiver of a stack."""
    args: ShieldArgs = {
        "cluster": placement.cluster,
        "settings": config.model_dump(by_alias=True, exclude_unset=True, exclude={"kind", "name"}),
    }
    if config.secrets():
        args["access_key"] = placement.secret("sysdigAccessKey")
    return args


def webhooks_of(config: ShieldConfig) -> tuple[str, ...]:
    """The webhooks that their charts register."""
    return (WEBHOOK,) if config.takes() == "reviews" else ()


def placed(config: ShieldConfig, shield: Shield) -> Placed:
    """What it has become: an endpoint for audit events, or a webhook that its chart registers."""
    if config.takes() == "reviews":
        return Placed(None, {}, webhooks_of(config), (shield,))
    endpoint: ReceiverArgs = {
        "name": config.name,
        "url": shield.url,
        "ca": shield.ca,
        "tls_server_name": shield.tls_server_name,
        "proof": ACCEPTED,
        "pod_port": config.http_port,
    }
    if not config.host_network:
        endpoint["namespace"] = config.namespace
    return Placed(endpoint, {"receiver": shield.url}, resources=(shield,))
