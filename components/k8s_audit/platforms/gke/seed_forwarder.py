"""`forwarder: sysdig`: the seed's stackdriver-webhook-bridge, which polls Cloud Logging with an exported key.

It reads the activity log alone, of every cluster of this name in the project, keeps no position, and forgets a batch that the receiver refused.
Names, keys and image: https://github.com/sysdiglabs/stackdriver-webhook-bridge
"""

import base64
from typing import Any, TypedDict

import pulumi

from k8s_audit.config.forwarder_kinds import SysdigForwarder
from k8s_audit.config.receivers.helm import WorkloadConfig
from k8s_audit.platforms.gke import iam, names, rights
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sdk import sdk
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.helm.release import namespace, secret
from k8s_audit.receivers.kubernetes import sdk as kubernetes

NAME = "stackdriver-webhook-bridge"
REGISTRY, REPOSITORY, TAG = "docker.io", f"sysdiglabs/{NAME}", "latest"
USER = 65535
"""Of its Dockerfile."""
POLLING, LAG = "5s", "30s"
CONFIG_FOLDER, CONFIG_FILE = "/opt/swb/config", "swb-config.yaml"
KEY_FOLDER, KEY_FILE = "/var/secrets/google", "key.json"
METRICS, HEALTH = 25000, 8182
LABELS = {"app": NAME}
READ_BY_GROUP = 0o440


class SeedForwarderArgs(TypedDict):
    """What GkeSeedForwarder needs."""

    config: SysdigForwarder
    cluster: ClusterId
    endpoint: ReceiverArgs


class GkeSeedForwarder(pulumi.ComponentResource):
    """The seed's forwarder: service account of Google's, its key in a Secret, ConfigMap, Deployment."""

    def __init__(self, name: str, args: SeedForwarderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the component's name.
            args: see SeedForwarderArgs.
            opts: Pulumi's; `providers` has Google Cloud's and the cluster's.
        """
        super().__init__("k8s-audit:index:GkeSeedForwarder", name, {}, opts)
        config, cluster, child = args["config"], args["cluster"], pulumi.ResourceOptions(parent=self)
        account = sdk("serviceaccount").Account(
            f"{name}-reader",
            account_id=cluster.fitted(names.ACCOUNT, "swb"),
            project=cluster.project,
            display_name=f"{NAME} of {cluster.name}",
            opts=child,
        )
        member = pulumi.Output.concat("serviceAccount:", account.email)
        given = iam.give(f"{name}-reader", rights.BRIDGE, iam.Things(project=cluster.project), member, child)
        key = sdk("serviceaccount").Key(f"{name}-key", service_account_id=account.name, opts=child)
        inside = child
        if config.create_namespace:
            room = namespace(name, config.namespace, "restricted", child)
            inside = pulumi.ResourceOptions(parent=self, depends_on=[room])
        opened = pulumi.Output.secret(key.private_key).apply(lambda text: base64.b64decode(text).decode())
        held = secret(f"{name}-key-file", config.namespace, {KEY_FILE: opened}, inside)
        text = pulumi.Output.json_dumps(
            {
                "url": args["endpoint"]["url"],
                "project": cluster.project,
                "cluster": cluster.name,
                "poll_interval": config.poll_interval or POLLING,
                "lag_interval": LAG,
                "log_level": "info",
            }
        )
        settings = kubernetes("core.v1").ConfigMap(
            f"{name}-config",
            metadata={"name": NAME, "namespace": config.namespace},
            data={CONFIG_FILE: text},  # JSON is YAML
            opts=inside,
        )
        kubernetes("apps.v1").Deployment(
            f"{name}-deployment",
            metadata={"name": NAME, "namespace": config.namespace, "labels": LABELS},
            spec=deployment(config.workload, held.metadata.name, text),
            opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[settings, *given])),
        )
        self.register_outputs({})


def deployment(workload: WorkloadConfig, key_secret: Any, settings: Any) -> dict[str, Any]:
    """The `spec`: one pod, since two would send each event twice.

    Args:
        workload: what the user set.
        key_secret: name of the Secret with the key.
        settings: all of the ConfigMap; it reads them as it starts alone, so that others make another pod.
    """
    tag = f"@{workload.digest}" if workload.digest else f":{TAG}"
    container = {
        "name": NAME,
        "image": f"{workload.registry or REGISTRY}/{REPOSITORY}{tag}",
        "env": [{"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": f"{KEY_FOLDER}/{KEY_FILE}"}],
        "ports": [{"name": "metrics", "containerPort": METRICS, "protocol": "TCP"}],
        "livenessProbe": {"httpGet": {"path": "/health", "port": HEALTH}},
        "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "volumeMounts": [
            {"name": "key", "mountPath": KEY_FOLDER, "readOnly": True},
            {"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True},
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "key", "secret": {"secretName": key_secret, "defaultMode": READ_BY_GROUP}},
            {"name": "config", "configMap": {"name": NAME}},
        ],
    }
    chosen = {
        "imagePullSecrets": [{"name": each} for each in workload.pull_secrets],
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
        "priorityClassName": workload.priority_class,
    }
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/path": "/metrics", "prometheus.io/port": str(METRICS)}
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS, "annotations": annotations | {"k8s-audit/config": settings}},
            "spec": spec | {key: value for key, value in chosen.items() if value},
        },
    }
