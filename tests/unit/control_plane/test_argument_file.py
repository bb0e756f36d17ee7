"""MicroK8s' file of arguments: our lines come last and go again, all others stay."""

import pytest

from k8s_audit.control_plane import argument_file
from k8s_audit.errors import ConflictError

BASE = b"""\
--client-ca-file=${SNAP_DATA}/certs/ca.crt
--service-account-issuer='https://kubernetes.default.svc'

# Enable the aggregation layer
  --audit-log-maxage="7"
"""
FLAGS = {"audit-policy-file": "/p.yaml", "audit-log-maxage": "30", "audit-webhook-mode": "batch"}


@pytest.mark.parametrize("base", [BASE, b"", BASE.rstrip()])
def test_our_lines_are_added_and_taken_out(base: bytes) -> None:
    edit = argument_file.turn_on(base, FLAGS, "abc", "F")
    assert edit.manifest.startswith(argument_file.reformat(base))
    assert argument_file.turn_off(edit.manifest, edit.ours) == argument_file.reformat(base)
    assert argument_file.has_digest(edit.manifest)
    assert argument_file.turn_on(base, FLAGS, "abc-again", "F").manifest != edit.manifest
    theirs = edit.manifest.replace(b"=batch", b"=blocking") + b"--v=2\n"
    assert argument_file.turn_off(theirs, edit.ours) == argument_file.reformat(base) + b"--v=2\n"


def test_flags_are_read_without_quotes_and_those_of_the_log_stay() -> None:
    assert argument_file.flags_of(BASE)["service-account-issuer"] == "https://kubernetes.default.svc"
    edit = argument_file.turn_on(BASE, FLAGS, "abc", "F")
    assert argument_file.audit_arguments(edit.manifest) == FLAGS | {"audit-log-maxage": "7"}
    with pytest.raises(
        ConflictError, match=r"^F already has --audit-policy-file=/theirs, and we would set .*=/p\.yaml"
    ):
        argument_file.turn_on(BASE + b"--audit-policy-file=/theirs\n", FLAGS, "abc", "F")


def test_a_space_or_a_tab_separates_a_value_too() -> None:
    text = b"--audit-log-maxage 7\n--audit-policy-file\t/p=1.yaml\n--profiling\n--key=a==\n"
    assert argument_file.flags_of(text) == {
        "audit-log-maxage": "7",
        "audit-policy-file": "/p=1.yaml",
        "profiling": "",
        "key": "a==",
    }
    edit = argument_file.turn_on(b"", {"audit-webhook-mode": "batch"}, "abc", "F")
    assert argument_file.turn_off(edit.manifest.replace(b"=batch", b" blocking"), edit.ours) == b""
