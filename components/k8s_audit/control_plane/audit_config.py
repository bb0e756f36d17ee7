"""OpenShift 3.11's `auditConfig` in master-config.yaml as the audit flags that it stands for; no flag among `apiServerArguments` counts there.

Its API server makes its audit backends of this section alone. It knows no batches, retries or truncation of the webhook's, and it reads `webHookMode` nowhere,
so that each request waits for its event's answer. Source: https://github.com/openshift/origin/blob/v3.11.0/pkg/cmd/openshift-apiserver/openshiftapiserver/configprocessing/audit.go
(GetAuditConfig), pkg/cmd/server/kubernetes/master/master_config.go
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from k8s_audit.control_plane import master_config, settings_yaml
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.static_pod import LOG_FLAGS
from k8s_audit.errors import ConflictError

SECTION = ("auditConfig",)
ENABLED, INLINE = "enabled", "policyConfiguration"
FORMAT = "audit-log-format"
FIELDS: Mapping[str, tuple[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "audit-policy-file": ("policyFile", str),
        "audit-log-path": ("auditFilePath", str),
        "audit-log-maxage": ("maximumFileRetentionDays", int),
        "audit-log-maxbackup": ("maximumRetainedFiles", int),
        "audit-log-maxsize": ("maximumFileSizeMegabytes", int),
        FORMAT: ("logFormat", str),
        "audit-webhook-config-file": ("webHookKubeConfig", str),
        "audit-webhook-mode": ("webHookMode", str),
    }
)
"""The field for each flag, and how its value is typed there."""
WAYS_OUT = (
    "Ways out: `adopt: true` on the host takes over what is there (destroy puts it back); or take it out of the file; the relay, which will feed both"
    " as receivers, is not built yet"
)


def settable(arguments: Mapping[str, str]) -> dict[str, str]:
    """The flags that have a field; and the log's format, without which it writes no event where there is a policy."""
    return {name: value for name, value in arguments.items() if name in FIELDS} | {FORMAT: "json"}


def audit_arguments(text: bytes) -> dict[str, str]:
    """The audit flags that the section stands for; none unless it is enabled."""
    section = master_config.mapping_at(text, SECTION)
    if section.get(ENABLED) is not True:
        return {}
    return {name: str(section[field]) for name, (field, _) in FIELDS.items() if section.get(field)}


def turn_on(base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
    """Turn auditing on.

    Args:
        base: the file without anything of ours.
        wanted: audit flags by name, without dashes; those that have a field.
        digest: of the files that the flags name.
        adopt: take over what is there with other values.

    Raises:
        ConflictError: auditing is on with another policy or webhook; those of the log backend are no conflict and stay.
    """
    section = master_config.mapping_at(base, SECTION)
    on = section.get(ENABLED) is True
    ours_to_take = adopt or not on
    if on and not adopt:
        _check_policy(section, wanted["audit-policy-file"])
    values: dict[str, Any] = {} if on else {ENABLED: True}
    for name, (field, typed) in FIELDS.items():
        if name not in wanted:
            continue
        value, here = typed(wanted[name]), section.get(field)
        if not here or (here != value and ours_to_take):
            values[field] = value
        elif here != value and not name.startswith(LOG_FLAGS):
            raise ConflictError(
                f"{master_config.NAME}: auditConfig already has {field}: {here}, and we would set {value}. {WAYS_OUT}"
            )
    gone = [INLINE] if section.get(INLINE) else []
    return master_config.turn_on(base, SECTION, values, gone, digest)


def turn_off(text: bytes, ours: Ours) -> bytes:
    """Take out what is ours, and nothing else."""
    return master_config.turn_off(text, SECTION, ours)


def reformat(text: bytes) -> bytes:
    """The same file as we would write it."""
    return master_config.reformat(text, SECTION)


def has(text: bytes) -> bool:
    """Whether our line is there, and no policy in the section goes over our file."""
    return settings_yaml.has_digest(text) and not master_config.mapping_at(text, SECTION).get(INLINE)


def _check_policy(section: Mapping[str, Any], policy_file: str) -> None:
    """Whether the policy that is in force is another one than our file."""
    if section.get(INLINE):
        why = "a policyConfiguration"
    elif not section.get("policyFile"):
        why = "no policyFile, which records each request at level Metadata"
    else:
        return
    raise ConflictError(
        f"{master_config.NAME}: auditConfig is enabled with {why}, and we would set policyFile: {policy_file}. {WAYS_OUT}"
    )
