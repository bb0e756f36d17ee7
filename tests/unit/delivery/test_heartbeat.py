"""The alerts of API servers and of a heartbeat, and its file for Prometheus."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.delivery.api_server_alerts import api_server_alerts
from k8s_audit.delivery.heartbeat import exposition, heartbeat_alerts, write_textfile
from k8s_audit.delivery.proof import Proof
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT


def test_a_heartbeat_is_what_prometheus_reads_each_proof_with_labels_of_its_own(tmp_path: Path) -> None:
    proofs = [Proof(f"https://10.0.0.1{n}:6443", 'a "siem"', "accepted", "id", 0.25) for n in (1, 2)]
    text = exposition("prod-1", proofs, 1764130000.5)
    labels = r'{stack="prod-1",api_server="https://10.0.0.11:6443",receiver="a \"siem\""}'
    assert f"k8s_audit_delivery_proved_timestamp_seconds{labels} 1764130000.500\n" in text
    assert f"k8s_audit_delivery_latency_seconds{labels} 0.25\n" in text
    assert text.count("# TYPE ") == 2
    assert text.count("10.0.0.12") == 2
    file = tmp_path / "prod-1.prom"
    write_textfile(file, text)
    write_textfile(file, text)
    assert (file.read_text(), file.stat().st_mode & 0o777) == (text, 0o644)
    assert [each.name for each in tmp_path.iterdir()] == ["prod-1.prom"]
    with pytest.raises(ConfigError, match=r"--textfile: given: beat.txt; allowed: a name that ends in .prom"):
        write_textfile(tmp_path / "beat.txt", text)
    with pytest.raises(ConfigError, match=r"--textfile: .* cannot be written: No such file or directory"):
        write_textfile(tmp_path / "none" / "beat.prom", text)


def test_a_heartbeat_that_is_missed_three_times_or_was_never_there_is_told() -> None:
    (alert,) = heartbeat_alerts("prod-1", 900)
    series = 'k8s_audit_delivery_proved_timestamp_seconds{stack="prod-1"}'
    assert alert.expression == f"time() - {series} > 2700 or absent({series})"


def test_the_rules_fit_the_way_of_the_events() -> None:
    def printed(stack: str, *more: str) -> str:
        done = CliRunner().invoke(app, ["alerts", "--stack", stack, "--project", str(CHECKOUT), *more])
        assert done.exit_code == 0, done.output
        return done.stdout

    def names(text: str) -> list[str]:
        return [rule["alert"] for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]

    own = [alert.name for alert in api_server_alerts()]
    assert names(printed("kubeadm")) == [*own, "K8sAuditHeartbeatMissed"]
    assert names(printed("eks"))[0] == "K8sAuditForwarderGone"
    assert "K8sAuditEventsLost" not in names(printed("eks"))
    assert names(printed("local", "--json")) == names(printed("local"))
    assert "> 180 or" in json.dumps(json.loads(printed("local", "--json", "--heartbeat", "1m")))
    refused = CliRunner().invoke(app, ["alerts", "--stack", "local", "--project", str(CHECKOUT), "--heartbeat", "soon"])
    assert refused.exit_code == 2
    assert "--heartbeat: " in refused.stderr
