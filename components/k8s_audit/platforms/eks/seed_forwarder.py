"""`forwarder: sysdig`: the seed's ekscloudwatch, which polls the log group, with rights for its own service account instead of the nodes'.

It keeps no position, sends each event singly, and goes on when a POST fails: what it misses is lost.
Names, keys and image: https://github.com/sysdiglabs/ekscloudwatch
"""

from typing import Any, TypedDict

import pulumi

from k8s_audit.config.forwarder_kinds import SysdigForwarder
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.helm.release import namespace
from k8s_audit.receivers.kubernetes import sdk

NAME, CONFIG_MAP = "eks-cloudwatch", "ekscloudwatch-config"
REGISTRY, REPOSITORY, TAG = "docker.io", "sysdiglabs/k8sauditlogforwarder", "ekscloudwatch-0.3"
USER = 1000
"""Of its Dockerfile."""
POLLING = "5m"
FILTER = '{ $.sourceIPs[0] != "::1" && $.sourceIPs[0] != "127.0.0.1" }'
VARIABLES = ("endpoint", "cluster_name", "aws_region", "cw_polling", "cw_filter")
"""Keys of the ConfigMap; in capitals they are the variables."""
ROLE = "eks.amazonaws.com/role-arn"
LABELS = {"app": NAME}


class SeedForwarderArgs(TypedDict):
    """What EksSeedForwarder needs."""

    config: SysdigForwarder
    cluster: str
    region: str
    endpoint: ReceiverArgs
    role: pulumi.Input[str]


class EksSeedForwarder(pulumi.ComponentResource):
    """The seed's forwarder in the cluster: Deployment, ConfigMap, service account."""

    def __init__(self, name: str, args: SeedForwarderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the component's name.
            args: see SeedForwarderArgs.
            opts: Pulumi's; `providers` has the cluster's.
        """
        super().__init__("k8s-audit:index:EksSeedForwarder", name, {}, opts)
        config, child = args["config"], pulumi.ResourceOptions(parent=self)
        if config.create_namespace:
            room = namespace(name, config.namespace, "restricted", child)
            child = pulumi.ResourceOptions(parent=self, depends_on=[room])
        core = sdk("core.v1")
        account = core.ServiceAccount(
            f"{name}-account",
            metadata={"name": NAME, "namespace": config.namespace, "annotations": {ROLE: args["role"]}},
            automount_service_account_token=False,
            opts=child,
        )
        values: dict[str, pulumi.Input[str]] = {
            "endpoint": args["endpoint"]["url"],
            "cluster_name": args["cluster"],
            "aws_region": args["region"],
            "cw_polling": config.poll_interval or POLLING,
            "cw_filter": FILTER,
        }
        held = core.ConfigMap(
            f"{name}-config",
            metadata={"name": CONFIG_MAP, "namespace": config.namespace},
            data=values,
            opts=child,
        )
        sdk("apps.v1").Deployment(
            f"{name}-deployment",
            metadata={"name": NAME, "namespace": config.namespace, "labels": LABELS},
            spec=deployment(config, pulumi.Output.json_dumps(values)),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[account, held])),
        )
        self.register_outputs({})


def deployment(config: SysdigForwarder, values: Any) -> dict[str, Any]:
    """The `spec`: one pod, since two would send each event twice.

    Args:
        config: what the user set.
        values: all of the ConfigMap; it reads them as it starts alone, so that others make another pod.
    """
    workload = config.workload
    tag = f"@{workload.digest}" if workload.digest else f":{TAG}"
    container = {
        "name": f"{NAME}-container",
        "image": f"{workload.registry or REGISTRY}/{REPOSITORY}{tag}",
        "env": [
            {"name": key.upper(), "valueFrom": {"configMapKeyRef": {"name": CONFIG_MAP, "key": key}}}
            for key in VARIABLES
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": USER, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    chosen = {
        "imagePullSecrets": [{"name": each} for each in workload.pull_secrets],
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
        "priorityClassName": workload.priority_class,
    }
    return {
        "replicas": 1,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": LABELS},
        "template": {
            "metadata": {"labels": LABELS, "annotations": {"k8s-audit/config": values}},
            "spec": spec | {key: value for key, value in chosen.items() if value},
        },
    }
