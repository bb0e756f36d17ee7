"""The fields of a kops Cluster's `kubeAPIServer` for the API server's audit flags; truncation has none.

https://github.com/kubernetes/kops/blob/v1.32.0/pkg/apis/kops/v1alpha2/componentconfig.go
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from k8s_audit.control_plane.durations import seconds


def _integer(text: str) -> Any:
    return int(text)


def _truth(text: str) -> Any:
    return text == "true"


FIELDS: Mapping[str, tuple[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "audit-policy-file": ("auditPolicyFile", str),
        "audit-log-path": ("auditLogPath", str),
        "audit-log-maxage": ("auditLogMaxAge", _integer),
        "audit-log-maxbackup": ("auditLogMaxBackups", _integer),
        "audit-log-maxsize": ("auditLogMaxSize", _integer),
        "audit-webhook-config-file": ("auditWebhookConfigFile", str),
        "audit-webhook-mode": ("auditWebhookMode", str),
        "audit-webhook-initial-backoff": ("auditWebhookInitialBackoff", str),
        "audit-webhook-batch-max-wait": ("auditWebhookBatchMaxWait", str),
        "audit-webhook-batch-max-size": ("auditWebhookBatchMaxSize", _integer),
        "audit-webhook-batch-buffer-size": ("auditWebhookBatchBufferSize", _integer),
        "audit-webhook-batch-throttle-enable": ("auditWebhookBatchThrottleEnable", _truth),
        "audit-webhook-batch-throttle-qps": ("auditWebhookBatchThrottleQps", str),
        "audit-webhook-batch-throttle-burst": ("auditWebhookBatchThrottleBurst", _integer),
    }
)
"""The field for each flag, and how its value is typed there."""


def settable(arguments: Mapping[str, str]) -> dict[str, str]:
    """The flags that the spec has a field for."""
    return {name: value for name, value in arguments.items() if name in FIELDS}


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same: kops spells durations and quantities anew, 2.5 as `2500m`."""
    if one == other or spelled(one) == spelled(other):
        return True
    if (quantity := _quantity(one)) is not None and quantity == _quantity(other):
        return True
    try:
        return seconds(str(one)) == seconds(str(other))
    except ValueError:
        return False


def spelled(value: Any) -> str:
    """A value as a flag has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quantity(value: Any) -> float | None:
    """https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(m?)", str(value))
    return float(found[1]) / (1000 if found[2] else 1) if found else None
