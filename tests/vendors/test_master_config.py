"""OpenShift 3.11's own configuration types judge what is written into master-config.yaml, alone and beside what an installer wrote."""

import subprocess

import pytest

from k8s_audit.control_plane import api_server_arguments, audit_config
from k8s_audit.delivery.flags import AuditFlags
from tests.standins.origin_node import MASTER_CONFIG

FLAGS = AuditFlags().arguments("/etc/origin/master/k8s-audit/policy.yaml", "/etc/origin/master/k8s-audit/webhook.yaml")
OF_THE_OLDER_GUIDE = "kubernetesMasterConfig:\n  apiServerArguments:\n  audit-log-maxbackup:\n  - '1'\n"


def judged(text: bytes) -> str:
    return subprocess.run(["master-config"], input=text, capture_output=True).stderr.decode()


@pytest.mark.parametrize("base", [b"", MASTER_CONFIG.encode()])
def test_its_types_take_what_is_written_and_refuse_flags_beside_the_arguments(base: bytes) -> None:
    assert judged(base) == ""
    assert judged(audit_config.turn_on(base, audit_config.settable(FLAGS), "abc", False).manifest) == ""
    assert judged(api_server_arguments.turn_on(base, FLAGS, "abc", False).manifest) == ""
    assert 'unknown field "audit-log-maxbackup"' in judged(OF_THE_OLDER_GUIDE.encode())
    assert "cannot unmarshal" in judged(b"auditConfig: {maximumRetainedFiles: many}\n")
