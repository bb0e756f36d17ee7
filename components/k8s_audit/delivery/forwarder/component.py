"""The forwarder as a component: its pods, who they are, what they read, who keeps an eye on them.

It is given a pipeline's text and secrets, and knows neither cloud nor receiver. Pipeline and secrets lie in objects whose names Pulumi
makes: another text is another object, so the pods roll, and only then the old one goes.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.config.judge import judge
from k8s_audit.delivery.forwarder import objects
from k8s_audit.delivery.forwarder.alerts import forwarder_rules
from k8s_audit.delivery.forwarder.dashboard import render_dashboard
from k8s_audit.delivery.forwarder.faults import faults_of
from k8s_audit.delivery.forwarder.network import Sender, network_rules
from k8s_audit.delivery.forwarder.pipeline_text import grace_period
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.helm.release import namespace, secret
from k8s_audit.receivers.kubernetes import sdk

DASHBOARD_LABEL = {"grafana_dashboard": "1"}
"""What Grafana's side-car looks for (https://github.com/grafana/helm-charts/tree/main/charts/grafana#sidecar-for-dashboards)."""
DO_NOT_WAIT = {"pulumi.com/skipAwait": "true"}
"""https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#annotations"""


class ForwarderArgs(TypedDict):
    """Arguments of Forwarder."""

    pipeline: pulumi.Input[str]
    """Bento's configuration: YAML that serves HTTP on 0.0.0.0:4195 and Prometheus' metrics. No secret: it lies in a ConfigMap."""
    settings: dict[str, Any]
    """As the key `audit:forwarder` of a stack's file, without kind and filters; `network.receivers` has no default."""
    identity: NotRequired[str]
    """How a pod proves who it is. `eks-pod-identity`, `gke`: by an agent on the node, which the NetworkPolicy must admit. `web`: by a token
    that the cloud's webhook mounts (IRSA, Entra), or by a key. `openshift`, `iks`: it need not; the NetworkPolicy knows OpenShift's
    resolver. Default: `web`."""
    environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Variables of its process that are no secrets; default: none."""
    secret_environment: NotRequired[dict[str, pulumi.Input[str]]]
    """Variables that come out of a Secret, for what Bento takes from the environment alone; default: none."""
    secret_files: NotRequired[dict[str, pulumi.Input[str]]]
    """Files below /var/run/secrets/k8s-audit by their names; default: none."""
    service_account_annotations: NotRequired[dict[str, pulumi.Input[str]]]
    """Of the cloud's workload identity, such as `eks.amazonaws.com/role-arn`; default: none."""
    service_account_labels: NotRequired[dict[str, str]]
    """Default: none."""
    pod_labels: NotRequired[dict[str, str]]
    """For webhooks of the cloud, such as `azure.workload.identity/use`; default: none."""
    pod_security: NotRequired[dict[str, Any]]
    """Of the pods' security context beside `runAsNonRoot`; default: the image's user and groups, the runtime's seccomp profile. Empty on
    OpenShift, which gives pods their own."""
    listen_port: NotRequired[int]
    """TCP, where the pipeline takes records by HTTPS: a Service of the forwarder's name, port 443, leads there; default: it reads a stream."""
    sender_namespace: NotRequired[str]
    """Whose pods alone may send records to `listen_port`."""
    sender_pods: NotRequired[dict[str, str]]
    """Labels of those pods; default: all of that namespace."""
    mount_token: NotRequired[bool]
    """Mount the service account's token for the API server; default: no, since the clouds' webhooks mount their own."""


class Forwarder(pulumi.ComponentResource):
    """The pods that run a pipeline: Deployment, service account, ConfigMap, Secrets, NetworkPolicy, disruption budget, scaling, monitoring,
    and a Service, where records are sent to them."""

    namespace: pulumi.Output[str]
    """Where its pods run."""
    deployment: pulumi.Output[str]
    """The Deployment's name."""
    service_account: pulumi.Output[str]
    """The service account's name."""
    revision: pulumi.Output[str]
    """What its pods hold, by the names of ConfigMap and Secrets, and who they are in the cloud: another one, other pods."""

    def __init__(self, name: str, args: ForwarderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: of the forwarder; its pods' names begin so.
            args: see ForwarderArgs.
            opts: Pulumi's; `providers` has the cluster's.

        Raises:
            ConfigError: settings or names have faults, or a pipeline that is known is none.
        """
        super().__init__("k8s-audit:index:Forwarder", name, {}, opts)
        config = judge(ForwarderConfig, "forwarder", args["settings"])
        if faults := faults_of(config, args):
            raise ConfigError(faults)
        text = args["pipeline"]
        if isinstance(text, str):
            grace_period(text)  # before anything is registered
        self._name, self._config = name, config
        self._inside = _inside(name, config, self)
        self.namespace = pulumi.Output.from_input(config.namespace)
        account = self._service_account(args)
        contents = self._contents(args)
        held = (contents.config_map, contents.environment_secret, contents.files_secret, contents.identity)
        self.revision = pulumi.Output.all(*(each for each in held if each is not None)).apply(" ".join)
        deployment = self._deployment(args, contents, account)
        self.deployment, self.service_account = deployment.metadata.name, account.metadata.name
        self._keep_up(deployment.metadata.name)
        self._shield(args)
        self._watch()
        self.register_outputs(
            {
                "namespace": self.namespace,
                "deployment": self.deployment,
                "serviceAccount": self.service_account,
                "revision": self.revision,
            }
        )

    def _metadata(self, **more: Any) -> dict[str, Any]:
        return {"namespace": self._config.namespace, "labels": objects.selector(self._name), **more}

    def _service_account(self, args: ForwarderArgs) -> Any:
        labels = {**args.get("service_account_labels", {}), **objects.selector(self._name)}
        return sdk("core.v1").ServiceAccount(
            f"{self._name}-account",
            metadata={
                "name": self._config.service_account,
                "namespace": self._config.namespace,
                "annotations": args.get("service_account_annotations", {}),
                "labels": labels,
            },
            automount_service_account_token=args.get("mount_token", False),
            opts=self._inside,
        )

    def _contents(self, args: ForwarderArgs) -> objects.Contents:
        text = pulumi.Output.from_input(args["pipeline"])
        config_map = sdk("core.v1").ConfigMap(
            f"{self._name}-pipeline",
            metadata=self._metadata(),
            data={objects.PIPELINE_FILE: text},
            immutable=True,
            opts=self._inside,
        )
        held = {
            kind: secret(f"{self._name}-{kind}", self._config.namespace, given, self._inside).metadata.name
            for kind, given in (
                ("environment", args.get("secret_environment")),
                ("files", args.get("secret_files")),
            )
            if given
        }
        annotations = args.get("service_account_annotations", {}).values()
        return objects.Contents(
            config_map.metadata.name,
            text.apply(grace_period),
            args.get("environment", {}),
            sorted(args.get("secret_environment", {})),
            held.get("environment"),
            held.get("files"),
            args.get("pod_labels", {}),
            args.get("mount_token", False),
            pulumi.Output.all(args.get("identity", "web"), *annotations).apply(" ".join),
            args.get("pod_security", objects.OWN_USER),
            int(args["listen_port"]) if "listen_port" in args else None,
        )

    def _deployment(self, args: ForwarderArgs, contents: objects.Contents, account: pulumi.Resource) -> Any:
        annotations = {} if self._config.wait else {"annotations": DO_NOT_WAIT}
        # with a name of its own: a service account, alerts and autoscalers count on it
        return sdk("apps.v1").Deployment(
            f"{self._name}-deployment",
            metadata=self._metadata(name=self._name, **annotations),
            spec=objects.deployment(self._name, self._config, contents),
            opts=pulumi.ResourceOptions.merge(self._inside, pulumi.ResourceOptions(depends_on=[account])),
        )

    def _keep_up(self, deployment: pulumi.Output[str]) -> None:
        """What evicts and scales the pods."""
        name, config = self._name, self._config
        sdk("policy.v1").PodDisruptionBudget(
            f"{name}-disruption", metadata=self._metadata(), spec=objects.disruption_budget(name), opts=self._inside
        )
        if config.autoscaling:
            sdk("autoscaling.v2").HorizontalPodAutoscaler(
                f"{name}-autoscaler",
                metadata=self._metadata(),
                spec=objects.autoscaler(deployment, config.autoscaling),
                opts=self._inside,
            )
        if config.keda:
            self._custom("scaler", "keda.sh/v1alpha1", "ScaledObject", objects.scaled_object(deployment, config.keda))

    def _shield(self, args: ForwarderArgs) -> None:
        """Who reaches the pods, and how."""
        name, network, port = self._name, self._config.network, args.get("listen_port")
        if port:
            # with a name of its own: it is in the certificate
            sdk("core.v1").Service(
                f"{name}-records",
                metadata=self._metadata(name=name),
                spec=objects.records_service(name),
                opts=self._inside,
            )
        if network.enabled:
            namespace = args.get("sender_namespace", self._config.namespace)
            sender = Sender(namespace, int(port), args.get("sender_pods", {})) if port else None
            sdk("networking.v1").NetworkPolicy(
                f"{name}-network",
                metadata=self._metadata(),
                spec=network_rules(network, args.get("identity", "web"), objects.selector(name), sender),
                opts=self._inside,
            )

    def _watch(self) -> None:
        """What Prometheus and Grafana read."""
        name, config, monitoring = self._name, self._config, self._config.monitoring
        core = sdk("core.v1")
        core.Service(
            f"{name}-metrics", metadata=self._metadata(), spec=objects.metrics_service(name), opts=self._inside
        )
        if monitoring.pod_monitor:
            self._custom("monitor", "monitoring.coreos.com/v1", "PodMonitor", objects.pod_monitor(name))
        if monitoring.rules:
            self._custom("rules", "monitoring.coreos.com/v1", "PrometheusRule", forwarder_rules(config.namespace, name))
        if monitoring.dashboard:
            labels = {**objects.selector(name), **DASHBOARD_LABEL}
            core.ConfigMap(
                f"{name}-dashboard",
                metadata={"namespace": config.namespace, "labels": labels},
                data={f"k8s-audit-{name}.json": render_dashboard(config.namespace, name)},
                opts=self._inside,
            )

    def _custom(self, suffix: str, api_version: str, kind: str, spec: dict[str, Any]) -> None:
        labels = {**self._config.monitoring.labels, **objects.selector(self._name)}
        sdk("apiextensions").CustomResource(
            f"{self._name}-{suffix}",
            api_version=api_version,
            kind=kind,
            metadata={"namespace": self._config.namespace, "labels": labels},
            spec=spec,
            opts=self._inside,
        )


def _inside(name: str, config: ForwarderConfig, parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Options of what lies in the namespace: after it, where it is ours."""
    child = pulumi.ResourceOptions(parent=parent)
    if not config.create_namespace:
        return child
    room = namespace(name, config.namespace, "restricted", child)
    return pulumi.ResourceOptions(parent=parent, depends_on=[room])
