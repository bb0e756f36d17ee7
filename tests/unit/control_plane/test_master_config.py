"""OpenShift 3.11's master-config.yaml: one section changes, each byte outside it stays; what is in the way is named with its ways out."""

from types import ModuleType

import pytest
import yaml

from k8s_audit.control_plane import api_server_arguments, audit_config
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.errors import ConflictError, HostError
from tests.standins.origin_node import MASTER_CONFIG

FOLDER = "/etc/origin/master/k8s-audit"
LOG = "/var/lib/origin/k8s-audit/audit.log"
FLAGS = AuditFlags(log=LogBackend(path=LOG)).arguments(f"{FOLDER}/policy.yaml", f"{FOLDER}/webhook.yaml")
BASE = MASTER_CONFIG.encode()
OFF = b"""\
auditConfig:
  # off since the upgrade
  enabled: false
  auditFilePath: ""   # none
  policyConfiguration: null
"""
LEGACY = b"auditConfig:\n    enabled: true\n    auditFilePath: /theirs.log\n    logFormat: legacy\n    policyFile: policy.yaml\n"
BOTH = [(audit_config, audit_config.settable(FLAGS)), (api_server_arguments, FLAGS)]


@pytest.mark.parametrize(("edits", "wanted"), BOTH)
@pytest.mark.parametrize(
    "base",
    [
        BASE,
        OFF + BASE,
        BASE + OFF,
        BASE.rstrip(),
        BASE.replace(b"\n    # tuned", b"\n\n    # tuned"),
        b"{kind: MasterConfig}\n",
    ],
)
def test_a_section_is_set_and_taken_out_and_no_byte_outside_it_changes(
    edits: ModuleType, wanted: dict[str, str], base: bytes
) -> None:
    edit = edits.turn_on(base, wanted, "abc", False)
    assert edits.audit_arguments(edit.manifest) == wanted
    assert edits.has(edit.manifest)
    assert edits.turn_on(base, wanted, "abc-again", False).manifest != edit.manifest
    assert edits.reformat(edits.turn_off(edit.manifest, edit.ours)) == edits.reformat(base)
    lines = edit.manifest.splitlines()
    added = [line for line in lines if line not in base.splitlines()]
    gone = [line for line in base.splitlines() if line not in lines]
    assert all(line.startswith((b"  enabled", b"  auditFilePath", b"{")) for line in gone), gone
    for line in added:
        assert line.startswith((b"auditConfig:", b"kubernetesMasterConfig:", b"  ", b"# k8s-audit/", b"{", b"   ")), (
            line
        )


def test_openshifts_own_fields_have_its_own_types_and_the_format_without_which_it_logs_nothing() -> None:
    edit = audit_config.turn_on(OFF + BASE, audit_config.settable(FLAGS), "abc", False)
    assert yaml.safe_load(edit.manifest)["auditConfig"] == {
        "enabled": True,
        "policyFile": f"{FOLDER}/policy.yaml",
        "auditFilePath": LOG,
        "maximumFileRetentionDays": 30,
        "maximumRetainedFiles": 10,
        "maximumFileSizeMegabytes": 100,
        "logFormat": "json",
        "webHookKubeConfig": f"{FOLDER}/webhook.yaml",
        "webHookMode": "batch",
        "policyConfiguration": None,
    }
    assert b"  # off since the upgrade\n" in edit.manifest
    assert b"# none" in edit.manifest
    values = yaml.safe_load(api_server_arguments.turn_on(BASE, FLAGS, "abc", False).manifest)
    arguments = values["kubernetesMasterConfig"]["apiServerArguments"]
    assert arguments.pop("event-ttl") == ["2h"]
    assert arguments == {name: [value] for name, value in FLAGS.items()}


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (
            b"enabled: true, logFormat: json",
            "is enabled with no policyFile, which records each request at level Metadata",
        ),
        (b"enabled: true, policyConfiguration: {rules: []}", "is enabled with a policyConfiguration, and we would set"),
        (
            b"enabled: true, policyFile: p.yaml",
            f"already has policyFile: p.yaml, and we would set {FOLDER}/policy.yaml",
        ),
        (
            b"enabled: true, policyFile: %s/policy.yaml, webHookKubeConfig: /w" % FOLDER.encode(),
            "already has webHookKubeConfig: /w",
        ),
    ],
)
def test_auditing_that_somebody_else_turned_on_is_a_conflict_or_taken_over_and_given_back(
    theirs: bytes, said: str
) -> None:
    base = BASE + b"auditConfig: {" + theirs + b"}\n"
    wanted = audit_config.settable(FLAGS)
    with pytest.raises(ConflictError) as caught:
        audit_config.turn_on(base, wanted, "abc", False)
    assert said in str(caught.value)
    assert "Ways out: `adopt: true`" in str(caught.value)
    edit = audit_config.turn_on(base, wanted, "abc", True)
    assert audit_config.audit_arguments(edit.manifest) == wanted
    assert audit_config.has(edit.manifest)
    again = audit_config.turn_off(edit.manifest.replace(b"batch", b"blocking") + b"theirs: 1\n", edit.ours)
    assert yaml.safe_load(again) == yaml.safe_load(base) | {"theirs": 1}


def test_settings_of_their_log_stay_and_another_flag_of_minishift_is_a_conflict() -> None:
    wanted = audit_config.settable(FLAGS) | {"audit-policy-file": "policy.yaml"}
    kept = audit_config.audit_arguments(audit_config.turn_on(LEGACY, wanted, "abc", False).manifest)
    assert (kept["audit-log-path"], kept["audit-log-format"]) == ("/theirs.log", "legacy")
    theirs = BASE.replace(
        b"    event-ttl:", b"    audit-log-maxage: ['7']\n    audit-webhook-mode:\n    - blocking\n    event-ttl:"
    )
    with pytest.raises(ConflictError, match="already has audit-webhook-mode: blocking, and we would set batch"):
        api_server_arguments.turn_on(theirs, FLAGS, "abc", False)
    edit = api_server_arguments.turn_on(theirs, FLAGS, "abc", True)
    assert api_server_arguments.audit_arguments(edit.manifest) == FLAGS
    assert yaml.safe_load(api_server_arguments.turn_off(edit.manifest, edit.ours)) == yaml.safe_load(theirs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"kubernetesMasterConfig:\n  apiServerArguments:\n  audit-log-maxsize:\n  - '1'\n", ""),
        (b"kubernetesMasterConfig: {apiServerArguments: {audit-log-maxsize: '10'}}\n", "is no list of values"),
        (b"kubernetesMasterConfig: [1]\n", "master-config.yaml: kubernetesMasterConfig is no mapping"),
        (
            b"kubernetesMasterConfig: {apiServerArguments: 1}\n",
            "kubernetesMasterConfig.apiServerArguments is no mapping",
        ),
        (b"a: [\n", "master-config.yaml is not YAML: line"),
        (b"- a\n", "is no mapping of settings"),
    ],
)
def test_a_file_that_is_none_is_said_and_no_word_of_it_shown(text: bytes, said: str) -> None:
    if not said:
        assert api_server_arguments.audit_arguments(text) == {}, "un-indented, the flags are not among the arguments"
        return
    with pytest.raises(HostError) as caught:
        api_server_arguments.turn_on(text, FLAGS, "abc", False)
    assert said in str(caught.value)
