"""MiniShift's `kubernetesMasterConfig.apiServerArguments` in master-config.yaml: flags of the API server by name, without dashes, each with a list of values.

MiniShift's API server translates no `auditConfig`; it is started with these. Source:
https://github.com/openshift/origin/blob/v3.11.0/pkg/cmd/openshift-kube-apiserver/openshiftkubeapiserver/flags.go
"""

from collections.abc import Mapping
from typing import Any

from k8s_audit.control_plane import master_config, settings_yaml
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.static_pod import LOG_FLAGS
from k8s_audit.errors import ConflictError, HostError

SECTION = ("kubernetesMasterConfig", "apiServerArguments")
PREFIX = "audit-"


def audit_arguments(text: bytes) -> dict[str, str]:
    """The audit flags among them; the last value of several counts.

    Raises:
        HostError: a value is no list, which the API server refuses.
    """
    found = {}
    for name, values in master_config.mapping_at(text, SECTION).items():
        if str(name).startswith(PREFIX) and values:
            found[str(name)] = _last(str(name), values)
    return found


def turn_on(base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
    """Turn auditing on.

    Args:
        base: the file without anything of ours.
        wanted: audit flags by name, without dashes.
        digest: of the files that the flags name.
        adopt: take over flags that are there with other values.

    Raises:
        ConflictError: a flag is there with another value; those of the log backend are no conflict and stay.
    """
    here = audit_arguments(base)
    values: dict[str, list[str]] = {}
    for name, value in sorted(wanted.items()):
        if name not in here or (adopt and here[name] != value):
            values[name] = [value]
        elif here[name] != value and not name.startswith(LOG_FLAGS):
            raise ConflictError(
                f"{master_config.NAME}: apiServerArguments already has {name}: {here[name]}, and we would set {value}. Ways out: `adopt: true`"
                " takes over what is there (destroy puts it back); or take it out of the file; the relay, which will feed both as receivers, is"
                " not built yet"
            )
    return master_config.turn_on(base, SECTION, values, (), digest)


def turn_off(text: bytes, ours: Ours) -> bytes:
    """Take out what is ours, and nothing else."""
    return master_config.turn_off(text, SECTION, ours)


def reformat(text: bytes) -> bytes:
    """The same file as we would write it."""
    return master_config.reformat(text, SECTION)


def has(text: bytes) -> bool:
    """Whether our line is there."""
    return settings_yaml.has_digest(text)


def _last(name: str, values: Any) -> str:
    if not isinstance(values, list):
        raise HostError(f"{master_config.NAME}: {'.'.join(SECTION)}.{name} is no list of values")
    return str(values[-1])
