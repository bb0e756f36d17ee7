"""What API servers of old versions lack: audit flags, values and the policy's version.

Since when: https://github.com/kubernetes/kubernetes/tree/master/CHANGELOG and the options of each release,
https://github.com/kubernetes/apiserver/blob/master/pkg/server/options/audit.go
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import StringConstraints

Version = tuple[int, int]
OLDEST: Version = (1, 11)
"""Older ones lack truncation and most of the batch's settings."""
POLICY_V1: Version = (1, 12)
POLICY_V1BETA1_REMOVED: Version = (1, 24)
TLS_SERVER_NAME: Version = (1, 18)
"""A kubeconfig's `tls-server-name`; an older client reads over it without a word."""
VALUES: Mapping[tuple[str, str], Version] = MappingProxyType({("audit-webhook-mode", "blocking-strict"): (1, 13)})
"""Values of flags, and the first version that has each."""
FLAGS: Mapping[str, Version] = MappingProxyType({"audit-log-compress": (1, 20)})
"""Audit flags that OLDEST lacks, and the first version that has each."""
API_VERSION = re.compile(r"""^\s*\{?["']?apiVersion["']?:\s*["']?(audit\.k8s\.io/\w+)""", re.MULTILINE)
KubernetesVersion = Annotated[str, StringConstraints(pattern=r"^v?1\.[0-9]{1,3}(\.[0-9]+)?$")]
"""Such as `1.34` or `v1.34.4`."""


def minor(version: str) -> Version:
    """`v1.34.4` as (1, 34)."""
    major, number, *_ = version.removeprefix("v").split(".")
    return int(major), int(number)


def policy_version(version: Version | None) -> str:
    """The apiVersion of the audit policy for an API server; None: today's."""
    return "audit.k8s.io/v1" if version is None or version >= POLICY_V1 else "audit.k8s.io/v1beta1"


def takes_policy(version: Version, policy: str) -> bool:
    """Whether an API server of a version takes a policy's apiVersion; one that cannot be made out is its to judge.

    Args:
        version: the API server's.
        policy: the policy's text.
    """
    found = API_VERSION.search(policy)
    if found is None or found[1] == policy_version(version):
        return True
    return found[1] == "audit.k8s.io/v1beta1" and version < POLICY_V1BETA1_REMOVED


def lacking(version: Version, arguments: Mapping[str, str]) -> list[str]:
    """What of some audit flags an API server of a version refuses or would not understand, one line each.

    Args:
        version: the API server's.
        arguments: audit flags by name, without dashes.
    """
    faults = []
    for name, value in arguments.items():
        since = FLAGS.get(name) or VALUES.get((name, value))
        if since and version < since:
            faults.append(f"kube-apiserver {_text(version)} lacks --{name}={value}, which came with {_text(since)}")
    return faults


def _text(version: Version) -> str:
    return f"{version[0]}.{version[1]}"
