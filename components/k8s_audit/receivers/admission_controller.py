"""Sysdig's admission controller: AdmissionReviews by a validating webhook that its chart registers; no audit events.

Its chart makes certificate and authority of the webhook; `reuseTLSSecret` keeps them from one `up` to the next.
Source: https://github.com/sysdiglabs/charts/tree/main/charts/admission-controller
"""

from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.receivers.admission_controller import AdmissionControllerReceiver as AdmissionControllerConfig
from k8s_audit.config.receivers.admission_controller import ProxiesConfig
from k8s_audit.config.receivers.sysdig import rules_of
from k8s_audit.receivers import sysdig
from k8s_audit.receivers.helm import installation
from k8s_audit.receivers.helm.installation import TO_BE_NAMED
from k8s_audit.receivers.helm.network_policy import admit
from k8s_audit.receivers.helm.release import place_release, secret
from k8s_audit.receivers.placement import Placed, Placement
from k8s_audit.receivers.sysdig import ACCESS_KEY
from k8s_audit.resources.receivers import MetricsApi

CHART, PART = "admission-controller", "admissionController"
"""The chart's name, and its key in the umbrella."""
AUDIT, SCANNING = "audit.secure.sysdig.com", "scanning.secure.sysdig.com"
"""Its webhooks, as the API server's metrics name them."""
SECCOMP = {"type": "RuntimeDefault"}
USER = {"runAsUser": 1000, "runAsNonRoot": True}
"""The chart's own; without them Pod Security `restricted` would refuse the pods.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
CONTAINER = {
    "runAsNonRoot": True,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}


class AdmissionControllerArgs(TypedDict):
    """Arguments of AdmissionControllerReceiver."""

    cluster: str
    """The cluster's name, as Sysdig shows it."""
    kubeconfig: str
    """Path of the cluster's kubeconfig: with autoscaling, the metrics API is looked for."""
    settings: NotRequired[dict[str, Any]]
    """As an entry of `audit:receivers` of kind admission-controller, without kind and name; default: the defaults."""
    secure_api_token: NotRequired[pulumi.Input[str]]
    """The API token, unless `settings` name a Secret; a secret."""
    access_key: NotRequired[pulumi.Input[str]]
    """The access key of the umbrella's agents; a secret."""


class AdmissionControllerReceiver(pulumi.ComponentResource):
    """Sysdig's admission controller. It takes AdmissionReviews, so it is no platform's `receiver`."""

    webhooks: pulumi.Output[list[str]]
    """Names of the webhooks that its chart registers."""

    def __init__(self, name: str, args: AdmissionControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the receiver's name, and the release's.
            args: see AdmissionControllerArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings or the chart's values have faults.
            ToolError: the chart cannot be had.
        """
        super().__init__("k8s-audit:index:AdmissionControllerReceiver", name, {}, opts)
        config = judge(AdmissionControllerConfig, "settings", {"kind": CHART, "name": name} | args.get("settings", {}))
        chart = installation.chart_of(config.install, config, self)
        values = partial(values_of, config, args["cluster"])
        installation.judge_whole(chart, values(TO_BE_NAMED, TO_BE_NAMED), config)
        inside = installation.in_namespace(config, pod_security(config), self)
        token: Any = config.existing_secret
        if token is None:
            known = pulumi.Output.secret(args["secure_api_token"])
            token = secret(f"{name}-api-token", config.namespace, token_data(config, known), inside).metadata.name
        access_key: Any = config.existing_access_key_secret
        if "sysdigAccessKey" in config.secrets():
            key = pulumi.Output.secret(args["access_key"])
            access_key = secret(f"{name}-access-key", config.namespace, {ACCESS_KEY: key}, inside).metadata.name
        if config.admit:
            admit(f"{name}-ingress", config.namespace, selector(config), config.webhook.port, config.admit, inside)
        if config.autoscaling.enabled:
            metrics = MetricsApi(f"{name}-metrics-api", args["kubeconfig"], pulumi.ResourceOptions(parent=self))
            inside = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[metrics]))
        whole = installation.whole(values(token, access_key), config)
        place_release(name, chart, config.namespace, whole, adopt=config.adopt, skip_await=not config.wait, opts=inside)
        self.webhooks = pulumi.Output.from_input(list(webhooks(config)))
        self.register_outputs({"webhooks": self.webhooks})


def values_of(config: AdmissionControllerConfig, cluster: str, token: Any, access_key: Any) -> dict[str, Any]:
    """The values of the chart that `install` names.

    Args:
        config: what the user set.
        cluster: the cluster's name.
        token: name of the Secret that holds the API token.
        access_key: name of the Secret that holds the access key; of the umbrella's agents.
    """
    features: dict[str, Any] = {"k8sAuditDetections": config.k8s_audit_detections}
    if config.rules:
        features["k8sAuditDetectionsRules"] = rules_of(config.rules)
    secure: dict[str, Any] = {"existingSecureAPITokenSecret": token}
    if config.backend.api_endpoint:
        secure["apiEndpoint"] = config.backend.api_endpoint
    scanner: dict[str, Any] = {"enabled": config.scanner.enabled}
    if config.scanner.enabled:
        scanner |= _proxies(config.scanner) | _workload(config)
        scanner |= {"podSecurityContext": {"seccompProfile": SECCOMP}, "securityContext": CONTAINER}
    values = {
        "features": features,
        "sysdig": secure,
        "verifySSL": config.verify_ssl,
        "webhook": _webhook(config),
        "scanner": scanner,
    }
    if config.install == sysdig.UMBRELLA:
        return sysdig.under(PART, values, cluster, config.backend, access_key)
    return values | {"clusterName": cluster, "global": {"sysdig": {"region": config.backend.name()}}}


def token_data(config: AdmissionControllerConfig, token: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
    """The data of the Secret: the webhook's variable, and the scanner's."""
    scanner = {"AUTH_BEARER_TOKEN": token} if config.scanner.enabled else {}
    return {"SECURE_API_TOKEN": token} | scanner


def pod_security(config: AdmissionControllerConfig) -> str:
    """What its pods need of their namespace; the umbrella's agents need all."""
    return "privileged" if config.webhook.host_network or config.install == sysdig.UMBRELLA else "restricted"


def selector(config: AdmissionControllerConfig) -> dict[str, str]:
    """The labels of the webhook's pods."""
    part = PART.lower() if config.install == sysdig.UMBRELLA else CHART
    return {
        "app.kubernetes.io/name": part,
        "app.kubernetes.io/instance": config.name,
        "app.kubernetes.io/component": "webhook",
    }


def webhooks(config: AdmissionControllerConfig) -> tuple[str, ...]:
    """The webhooks that the chart registers."""
    return ((AUDIT,) if config.k8s_audit_detections else ()) + ((SCANNING,) if config.scanner.enabled else ())


def place(config: AdmissionControllerConfig, placement: Placement) -> Placed:
    """The receiver of a stack."""
    args: AdmissionControllerArgs = {
        "cluster": placement.cluster,
        "kubeconfig": placement.kubeconfig,
        "settings": config.model_dump(by_alias=True, exclude_unset=True, exclude={"kind", "name"}),
    }
    if "secureApiToken" in config.secrets():
        args["secure_api_token"] = placement.secret("secureApiToken")
    if "sysdigAccessKey" in config.secrets():
        args["access_key"] = placement.secret("sysdigAccessKey")
    options = pulumi.ResourceOptions(providers=[placement.kubernetes()])
    controller = AdmissionControllerReceiver(config.name, args, options)
    return Placed(None, {"webhooks": controller.webhooks}, webhooks(config), (controller,))


def _webhook(config: AdmissionControllerConfig) -> dict[str, Any]:
    webhook, scaling = config.webhook, config.autoscaling
    values: dict[str, Any] = {
        "logLevel": webhook.log_level,
        "timeoutSeconds": webhook.timeout,
        "http": {"port": webhook.port},
        "hostNetwork": webhook.host_network,
        "podSecurityContext": USER | {"seccompProfile": SECCOMP, "fsGroup": webhook.fs_group},
        "securityContext": USER | CONTAINER,
        "pdb": {"minAvailable": webhook.min_available},
        "autoscaling": {"enabled": scaling.enabled},
    }
    if scaling.enabled:
        values["autoscaling"] |= {
            "minReplicas": scaling.min_replicas,
            "maxReplicas": scaling.max_replicas,
            "targetCPUUtilizationPercentage": scaling.target_cpu,
        }
    else:
        values["replicaCount"] = config.replicas or 1
    values |= _workload(config)
    if config.workload.digest:
        values["image"] = values.get("image", {}) | {"digest": config.workload.digest}
    proxies = _proxies(webhook)
    return values | proxies | {"ssl": {"reuseTLSSecret": True, **proxies.get("ssl", {})}}


def _proxies(config: ProxiesConfig) -> dict[str, Any]:
    values: dict[str, Any] = {"noProxy": config.no_proxy}
    if config.http_proxy:
        values["httpProxy"] = config.http_proxy
    if config.https_proxy:
        values["httpsProxy"] = config.https_proxy
    return values | ({"ssl": {"ca": {"cert": config.ca}}} if config.ca else {})


def _workload(config: AdmissionControllerConfig) -> dict[str, Any]:
    workload = config.workload
    values: dict[str, Any] = {
        "image": {"registry": workload.registry} if workload.registry else {},
        "imagePullSecrets": installation.named(workload.pull_secrets),
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
        "priorityClassName": workload.priority_class,
    }
    return {key: value for key, value in values.items() if value}
