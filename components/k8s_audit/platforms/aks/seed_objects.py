"""The seed's forwarder as plain data: its Deployment, as the publisher's own manifest has it, but with its strings out of a Secret.

https://github.com/sysdiglabs/aks-audit-log/blob/master/deployment.yaml.in. Its image says no user, and was not run here.
"""

from typing import Any

from k8s_audit.config.platforms.aks import SeedForwarder
from k8s_audit.config.receivers.helm import WorkloadConfig

NAME = "aks-audit-log-forwarder"
"""Of the Deployment and of its pods' label `app`: those who run the seed's know it by this."""
REGISTRY, REPOSITORY = "docker.io", "sysdiglabs/aks-audit-log-forwarder"
PORT = 5000
"""TCP, of its metrics."""
HUB_KEY, STORAGE_KEY = "EhubNamespaceConnectionString", "BlobStorageConnectionString"
"""Variables of its process: https://github.com/sysdiglabs/aks-audit-log, ForwarderConfiguration.cs."""
LABELS = {"app": NAME}


def deployment(config: SeedForwarder, workload: WorkloadConfig, hub: Any, url: Any, secret: Any) -> dict[str, Any]:
    """The `spec` of the Deployment.

    Args:
        config: what the stack's file says of it.
        workload: where its pods run, and where its image comes from.
        hub: name of the hub that it reads.
        url: where it posts events, one each.
        secret: name of the Secret with both strings.
    """
    return {
        "replicas": 1,
        "selector": {"matchLabels": LABELS},
        "strategy": {"type": "Recreate"},
        "template": {
            "metadata": {
                "labels": LABELS,
                "annotations": {
                    "prometheus.io/path": "/metrics",
                    "prometheus.io/port": str(PORT),
                    "prometheus.io/scrape": "true",
                },
            },
            "spec": _pod(workload, _container(config, workload, hub, url, secret)),
        },
    }


def _pod(workload: WorkloadConfig, container: dict[str, Any]) -> dict[str, Any]:
    chosen = {
        "imagePullSecrets": [{"name": each} for each in workload.pull_secrets],
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
        "priorityClassName": workload.priority_class,
    }
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        **{key: value for key, value in chosen.items() if value},
    }


def _container(config: SeedForwarder, workload: WorkloadConfig, hub: Any, url: Any, secret: Any) -> dict[str, Any]:
    version = f"@{workload.digest}" if workload.digest else f":{config.image_version}"
    return {
        "name": NAME,
        "image": f"{workload.registry or REGISTRY}/{REPOSITORY}{version}",
        "imagePullPolicy": config.image_pull_policy,
        "env": [
            *(
                {"name": key, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
                for key in (HUB_KEY, STORAGE_KEY)
            ),
            {"name": "EventHubName", "value": hub},
            {"name": "BlobContainerName", "value": config.container},
            {"name": "WebSinkURL", "value": url},
            {"name": "VerboseLevel", "value": str(config.verbose_level)},
        ],
        "ports": [{"name": "metrics", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {
            "requests": {"cpu": "20m", "memory": "512Mi"},
            "limits": {"cpu": "200m", "memory": "1Gi"},
        },
        "readinessProbe": {
            "exec": {"command": ["wget", f"127.0.0.1:{PORT}/metrics", "--spider"]},
            "initialDelaySeconds": 10,
        },
        "livenessProbe": {
            "httpGet": {"path": "/metrics", "port": PORT},
            "initialDelaySeconds": 10,
            "periodSeconds": 20,
        },
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
