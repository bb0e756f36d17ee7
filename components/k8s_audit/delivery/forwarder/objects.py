"""The forwarder's Kubernetes objects as plain data: its pods, and what keeps them up, scales them and reads their metrics.

Pod Security `restricted` admits the pods. Who they are in the cloud is not made here: a platform gives their service account its annotations.
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from k8s_audit.config.forwarder import HTTPS, AutoscalingConfig, ForwarderConfig, KedaConfig
from k8s_audit.delivery.forwarder.pipeline_text import PORT

Object = dict[str, Any]
REGISTRY, REPOSITORY, VERSION = "ghcr.io", "warpstreamlabs/bento", "1.20.0"
USER = 10001
"""The image's `bento`. A name is none that `runAsNonRoot` can judge, so the number is given."""
PIPELINE_FOLDER, PIPELINE_FILE = "/etc/k8s-audit", "pipeline.yaml"
SECRETS_FOLDER = "/var/run/secrets/k8s-audit"
"""Where a pipeline finds the secret files, by their names."""
CONTAINER, METRICS, RECORDS = "bento", "metrics", "records"
OF_THE_LIMIT = 0.8
"""Of the memory limit, from where Go collects harder (https://pkg.go.dev/runtime#hdr-Environment_Variables)."""
READ_BY_GROUP = 0o440
IDENTITY = "k8s-audit/identity"
"""The annotation of a pod that says who it is in the cloud."""
OWN_USER: Object = {
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@dataclass(frozen=True)
class Contents:
    """What the pods hold; each value may be an Output of Pulumi's.

    Args:
        config_map: name of the ConfigMap with the pipeline.
        grace_period: seconds for a pod's end.
        environment: variables in plain text.
        secret_keys: variables out of a Secret.
        environment_secret: its name.
        files_secret: name of the Secret whose keys are files; None: there is none.
        pod_labels: for webhooks of the cloud, such as `azure.workload.identity/use`.
        mount_token: give the pods the service account's token for the API server; no cloud's identity needs it.
        identity: who they are in the cloud, and how they prove it: another one is given to new pods alone.
        security: of their security context beside `runAsNonRoot`; empty: the cluster gives them user and groups, as OpenShift does.
        listen_port: where they take records, TCP; None: they read a stream.
    """

    config_map: Any
    grace_period: Any
    environment: Mapping[str, Any] = field(default_factory=dict)
    secret_keys: Sequence[str] = ()
    environment_secret: Any = None
    files_secret: Any = None
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    mount_token: bool = False
    identity: Any = ""
    security: Mapping[str, Any] = field(default_factory=lambda: dict(OWN_USER))
    listen_port: int | None = None


def selector(name: str) -> dict[str, str]:
    """The labels of a forwarder's pods."""
    return {"app.kubernetes.io/name": "k8s-audit-forwarder", "app.kubernetes.io/instance": name}


def image(config: ForwarderConfig) -> str:
    """The image, from the mirror and by the digest where they are set."""
    workload = config.workload
    tag = f"@{workload.digest}" if workload.digest else f":{VERSION}"
    return f"{workload.registry or REGISTRY}/{REPOSITORY}{tag}"


def deployment(name: str, config: ForwarderConfig, contents: Contents) -> Object:
    """The `spec` of the Deployment. A new pipeline or secret is a new name in it, so the pods roll."""
    scaled = config.autoscaling or config.keda
    return ({} if scaled else {"replicas": config.replicas}) | {
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": selector(name)},
        # the old pods read on until a new one does
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": pod_template(name, config, contents),
    }


def pod_template(name: str, config: ForwarderConfig, contents: Contents) -> Object:
    """The pods."""
    workload = config.workload
    spec: Object = {
        "serviceAccountName": config.service_account,
        "automountServiceAccountToken": contents.mount_token,
        "enableServiceLinks": False,
        "securityContext": {"runAsNonRoot": True, **contents.security},
        "terminationGracePeriodSeconds": contents.grace_period,
        "topologySpreadConstraints": [
            _spread(name, key) for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
        ],
        "containers": [_container(config, contents)],
        "volumes": [
            {"name": "pipeline", "configMap": {"name": contents.config_map}},
            *(
                [{"name": "secrets", "secret": {"secretName": contents.files_secret, "defaultMode": READ_BY_GROUP}}]
                if contents.files_secret is not None
                else []
            ),
        ],
    }
    chosen = {
        "imagePullSecrets": [{"name": each} for each in workload.pull_secrets],
        "tolerations": workload.tolerations,
        "nodeSelector": workload.node_selector,
        "priorityClassName": workload.priority_class,
    }
    return {
        "metadata": {
            "labels": {**contents.pod_labels, **selector(name)},
            "annotations": {IDENTITY: contents.identity},
        },
        "spec": spec | {key: value for key, value in chosen.items() if value},
    }


def _container(config: ForwarderConfig, contents: Contents) -> Object:
    mounts = [{"name": "pipeline", "mountPath": PIPELINE_FOLDER, "readOnly": True}]
    if contents.files_secret is not None:
        mounts.append({"name": "secrets", "mountPath": SECRETS_FOLDER, "readOnly": True})
    return {
        "name": CONTAINER,
        "image": image(config),
        "args": ["-c", f"{PIPELINE_FOLDER}/{PIPELINE_FILE}"],
        "env": [
            *({"name": key, "value": value} for key, value in {**limits(config), **contents.environment}.items()),
            *(_from_secret(key, contents.environment_secret) for key in contents.secret_keys),
        ],
        "ports": [_port(METRICS, PORT), *([_port(RECORDS, contents.listen_port)] if contents.listen_port else [])],
        "resources": {
            "requests": {"cpu": config.cpu, "memory": config.memory},
            "limits": {"memory": config.memory},
        },
        "livenessProbe": _probe("/ping", period=10, failures=6),
        # 503 until the stream is reached: an update that cannot read goes no further; of Kafka it is 200 in any case
        "readinessProbe": _probe("/ready", period=5, failures=3),
        "securityContext": RESTRICTED,
        "volumeMounts": mounts,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def limits(config: ForwarderConfig) -> dict[str, str]:
    """What Go is told of its cores and its memory."""
    cores = float(config.cpu.removesuffix("m")) / (1000 if config.cpu.endswith("m") else 1)
    mebibytes = int(config.memory[:-2]) * (1024 if config.memory.endswith("Gi") else 1)
    return {"GOMAXPROCS": str(max(1, math.ceil(cores))), "GOMEMLIMIT": f"{int(mebibytes * OF_THE_LIMIT)}MiB"}


def disruption_budget(name: str) -> Object:
    """The `spec` of a PodDisruptionBudget: one of its pods away at a time."""
    return {"maxUnavailable": 1, "selector": {"matchLabels": selector(name)}}


def autoscaler(target: Any, config: AutoscalingConfig) -> Object:
    """The `spec` of a HorizontalPodAutoscaler on CPU."""
    utilization = {"type": "Utilization", "averageUtilization": config.target_cpu}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "minReplicas": config.min_replicas,
        "maxReplicas": config.max_replicas,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
        # each pod that goes leaves its shards to be claimed anew
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
    }


def scaled_object(target: Any, config: KedaConfig) -> Object:
    """The `spec` of KEDA's ScaledObject (https://keda.sh/docs/latest/reference/scaledobject-spec/)."""
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target},
        "minReplicaCount": config.min_replicas,
        "maxReplicaCount": config.max_replicas,
        "cooldownPeriod": 600,
        "triggers": config.triggers,
    }


def metrics_service(name: str) -> Object:
    """The `spec` of the Service for /metrics: pods that are not ready too, since their metrics say why."""
    return {
        "clusterIP": "None",
        "publishNotReadyAddresses": True,
        "selector": selector(name),
        "ports": [{"name": METRICS, "port": PORT, "targetPort": METRICS, "protocol": "TCP"}],
    }


def records_service(name: str) -> Object:
    """The `spec` of the Service by which a collector reaches the pods that are ready."""
    return {
        "selector": selector(name),
        "ports": [{"name": RECORDS, "port": HTTPS, "targetPort": RECORDS, "protocol": "TCP"}],
    }


def pod_monitor(name: str) -> Object:
    """The `spec` of a PodMonitor (https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor)."""
    return {
        "selector": {"matchLabels": selector(name)},
        "podMetricsEndpoints": [{"port": METRICS, "path": "/metrics", "interval": "15s"}],
    }


def _port(name: str, number: int) -> Object:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _from_secret(key: str, secret: Any) -> Object:
    return {"name": key, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def _probe(path: str, period: int, failures: int) -> Object:
    return {
        "httpGet": {"path": path, "port": METRICS},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": failures,
    }


def _spread(name: str, key: str) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(name)},
    }
