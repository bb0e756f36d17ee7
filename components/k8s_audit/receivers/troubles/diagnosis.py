"""What the signs mean, a trouble each with its mend: the troubleshooting section of Sysdig's guide, as plain functions over facts.

Source: https://docs.sysdig.com/en/docs/installation/sysdig-secure/install-agent-components/kubernetes/install-kubernetes-audit-logging/
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.config.receivers.admission_controller import AdmissionControllerReceiver
from k8s_audit.receivers.troubles.signs import Signs

SHOWN = 240
"""Characters of a line that are told."""
REVIEWED = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})
"""All that an admission webhook can be asked about:
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules"""
NO_METRICS = re.compile(
    r"Failed(?:ComputeMetricsReplicas|GetResourceMetric)\b.*(?:metrics API|metrics\.k8s\.io|fetch metrics)",
    re.IGNORECASE,
)
HANDSHAKE = re.compile(r"TLS handshake error from \S+: (?P<why>.*)")
DISTRUST = re.compile(r"remote error: tls: (?:bad certificate|unknown certificate authority|unknown certificate)")
"""The caller refuses the webhook's certificate: that is no noise."""
TIMED_OUT = re.compile(
    r'failed calling webhook "?(?P<webhook>[\w.-]+)"?.*(?:context (?:canceled|deadline exceeded)|i/o timeout|Client\.Timeout|timed out)',
    re.IGNORECASE,
)
TOKEN = re.compile(r"serviceaccount/token:\s*permission denied", re.IGNORECASE)
AUTHORITY = re.compile(r"x509: certificate signed by unknown authority", re.IGNORECASE)
CALLING = re.compile(r"failed calling webhook", re.IGNORECASE)
DEBUG = re.compile(r'"level":\s*"(?:debug|trace)"|\blevel=(?:debug|trace)\b', re.IGNORECASE)
VERBOSE = ("debug", "trace")


@dataclass(frozen=True)
class Trouble:
    """One.

    Args:
        name: what it is called.
        means: a sentence.
        mend: what to do.
        seen: the line or fact that tells it.
        harmless: whether nothing has to be mended.
    """

    name: str
    means: str
    mend: str
    seen: str
    harmless: bool = False


def troubles_of(signs: Signs) -> list[Trouble]:
    """All that the signs tell, what has to be mended first."""
    found = [replace(trouble, seen=trouble.seen[:SHOWN]) for rule in RULES for trouble in rule(signs)]
    return sorted(found, key=lambda trouble: trouble.harmless)


def _autoscaler(signs: Signs) -> Iterator[Trouble]:
    line = next(filter(NO_METRICS.search, signs.events), "")
    if not line and signs.metrics_api is False and _autoscales(signs):
        line = "the cluster serves no metrics API (metrics.k8s.io)"
    if line:
        yield Trouble(
            "autoscaler without metrics",
            "its HorizontalPodAutoscaler cannot read the pods' CPU, so it does not scale; pods may stay unready",
            "install metrics-server (minikube: `minikube addons enable metrics-server`), or set autoscaling: {enabled: false} and replicas",
            line,
        )


def _reads(signs: Signs) -> Iterator[Trouble]:
    if signs.receiver.takes() != "reviews":
        return
    asked = frozenset().union(*(webhook.operations for webhook in signs.webhooks)) or REVIEWED
    asked = REVIEWED if "*" in asked else asked
    groups = frozenset().union(*(webhook.groups for webhook in signs.webhooks))
    scoped = f"; of the API groups {', '.join(sorted(group or 'core' for group in groups))}" if groups - {"*"} else ""
    yield Trouble(
        "rules with ka.verb=get, list or watch never fire",
        f"an admission webhook is asked about {', '.join(sorted(asked))} alone{scoped}",
        "for reads take a receiver of audit events (sysdig-agent, or a shield with method: audit_backend); for other groups, set rules",
        f"receiver {signs.receiver.name} takes AdmissionReviews",
        harmless=True,
    )


def _handshakes(signs: Signs) -> Iterator[Trouble]:
    lines = [line for line in _lines(signs) if HANDSHAKE.search(line)]
    refused = (line for line in _lines(signs) if CALLING.search(line) and AUTHORITY.search(line))
    distrusted = next(filter(DISTRUST.search, lines), "") or next(refused, "")
    if distrusted:
        yield Trouble(
            "the webhook's certificate is refused",
            "the API server does not know the authority that signed it, so it does not call the webhook",
            "the caBundle of the ValidatingWebhookConfiguration is another one than the Secret's: `pulumi up --refresh`, then restart its pods",
            distrusted,
        )
    noise = [line for line in lines if not DISTRUST.search(line)]
    if noise:
        yield Trouble(
            f"{len(noise)} TLS handshake errors",
            "somebody calls the webhook's port without TLS or hangs up, such as a probe or a load balancer; Go's library logs it",
            "nothing, if it works otherwise; webhook: {logLevel: info} is quieter",
            noise[-1],
            harmless=True,
        )


def _unreachable(signs: Signs) -> Iterator[Trouble]:
    line = next(filter(TIMED_OUT.search, _lines(signs)), "")
    failed = [webhook for webhook in signs.webhooks if webhook.failed_open]
    if not line and not failed:
        yield from _closed_by_default(signs)
        return
    seen = line or f"reviews of {failed[0].name} that failed and were let pass: {failed[0].failed_open}"
    yield Trouble(
        "the API server does not reach the webhook",
        "each request waits for the time-out and passes unseen",
        _way_in(signs),
        seen,
    )


def _closed_by_default(signs: Signs) -> Iterator[Trouble]:
    """Nodes that let in no port of a webhook unless they are told to, where it cannot be seen whether reviews fail."""
    platform = signs.platform
    counted = bool(signs.webhooks) and all(each.failed_open is not None for each in signs.webhooks)
    closed = isinstance(platform, EksPlatform) and not platform.node_security_group
    if closed and signs.receiver.takes() == "reviews" and not counted:
        yield Trouble(
            "it is not known whether the API server reaches the webhook",
            "nodes with a security group of their own, such as the EKS Terraform module's, let in no port of a webhook",
            _way_in(signs),
            "the API server's counters of it are not known, and the stack names no nodeSecurityGroup",
            harmless=True,
        )


def _way_in(signs: Signs) -> str:
    """How the control plane gets to the webhook's port, by platform."""
    platform, port = signs.platform, _port(signs)
    if isinstance(platform, GkePlatform):
        return (
            f"a private cluster's control plane reaches TCP 443 and 10250 of its nodes alone: audit:platform.receiverPorts: [{port}] makes a"
            f" firewall rule for TCP {port} from its range to the nodes"
            " (https://cloud.google.com/kubernetes-engine/docs/how-to/private-clusters#add_firewall_rules)"
        )
    if isinstance(platform, EksPlatform):
        known = platform.node_security_group
        own = f"in {known}" if known else "audit:platform.nodeSecurityGroup: sg-… (the nodes' own)"
        return (
            f"nodes of the EKS Terraform module let in no TCP {port} from the cluster's security group: {own} and"
            f" audit:platform.receiverPorts: [{port}] make the rule; with Calico, hostNetwork: true"
        )
    if isinstance(platform, AksPlatform):
        return f"through konnectivity: a NetworkPolicy must have admit: [konnectivity]; with API Server VNet Integration, vnetIntegration opens TCP {port}"
    return f"TCP {port} from each API server to the receiver's pods: firewall, NetworkPolicy (admit), and whether its pods are ready"


def _token(signs: Signs) -> Iterator[Trouble]:
    line = next(filter(TOKEN.search, _lines(signs)), "")
    if line:
        yield Trouble(
            "its service account's token cannot be read",
            "the token is mounted with mode 0600 (older GKE: https://github.com/kubernetes/kubernetes/issues/82573), and the pod is of another group",
            "webhook: {fsGroup: 65534}, or podSecurityContext.fsGroup in values",
            line,
        )


def _authority(signs: Signs) -> Iterator[Trouble]:
    line = next((line for line in _lines(signs) if AUTHORITY.search(line) and not CALLING.search(line)), "")
    if line:
        key = "webhook: {ca: …}" if isinstance(signs.receiver, AdmissionControllerReceiver) else "ca"
        yield Trouble(
            "the back end's certificate is of an unknown authority",
            "it is self-signed, or a proxy between opens TLS; the receiver sends nothing there",
            f"the authority's PEM in {key}; or verifySSL: false, with which whoever answers gets the token",
            line,
        )


def _verbose(signs: Signs) -> Iterator[Trouble]:
    level = signs.settings.get("LOG_LEVEL", "").lower()
    line = f"LOG_LEVEL={level}" if level in VERBOSE else next(filter(DEBUG.search, _lines(signs)), "")
    if line:
        yield Trouble(
            "it logs at debug level",
            "each review is logged, and TLS handshake errors that do no harm",
            "when done: webhook: {logLevel: info}; a ConfigMap that was edited by hand is put back by `pulumi up --refresh`",
            line,
            harmless=True,
        )


RULES: tuple[Callable[[Signs], Iterator[Trouble]], ...] = (
    _autoscaler,
    _unreachable,
    _token,
    _authority,
    _handshakes,
    _verbose,
    _reads,
)


def _lines(signs: Signs) -> Iterator[str]:
    for text in signs.logs.values():
        for line in text.splitlines():
            yield line.strip()


def _autoscales(signs: Signs) -> bool:
    return isinstance(signs.receiver, AdmissionControllerReceiver) and signs.receiver.autoscaling.enabled


def _port(signs: Signs) -> int:
    receiver = signs.receiver
    if isinstance(receiver, AdmissionControllerReceiver):
        return receiver.webhook.port
    return int(getattr(receiver, "http_port", 0) or getattr(receiver, "port", 443))
