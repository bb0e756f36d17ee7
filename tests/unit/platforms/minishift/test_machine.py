"""How MiniShift's machine is reached, and what is said where it cannot be."""

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from k8s_audit.control_plane.change import AuditSetup
from k8s_audit.errors import HostError, K8sAuditError
from k8s_audit.platforms.minishift.change import MinishiftChange
from k8s_audit.platforms.minishift.machine import Machine

IP = 'case "$*" in version) echo "minishift v1.34.3+4b58f89" ;; "ip --profile "*) echo 192.168.42.10 ;; esac\n'
STOPPED = 'case "$1" in version) echo "minishift v1.34.3+4b58f89" ;; *) echo "Error: the machine is stopped" >&2; exit 1 ;; esac\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def minishift(folder: Path, script: str) -> None:
    (folder / "minishift").write_text(f"#!/bin/sh\n{script}")
    (folder / "minishift").chmod(0o755)


def made(folder: Path, profile: str, name: str = "kvm", **driver: Any) -> Machine:
    machine = Machine(folder, profile)
    machine.file.parent.mkdir(parents=True)
    machine.file.write_text(json.dumps({"DriverName": name, "Driver": driver}))
    (machine.file.parent / "id_rsa").write_text("KEY")
    return machine


@pytest.mark.parametrize(
    ("profile", "driver", "reached"),
    [
        ("minishift", {}, ("docker", 22)),
        ("other", {"SSHUser": "minishift", "SSHPort": 2222}, ("minishift", 2222)),
        ("minishift", {"name": "virtualbox", "SSHPort": 40022}, ("docker", 22)),
    ],
)
def test_the_command_tells_the_address_and_the_machines_file_user_and_port(
    folder: Path, profile: str, driver: dict[str, Any], reached: tuple[str, int]
) -> None:
    minishift(folder, IP)
    host, key = made(folder, profile, **driver).host("~/known", None, "30s")
    assert (host.address, host.user, host.port, key) == ("192.168.42.10", *reached, "KEY")
    assert (host.api_server, host.known_hosts) == ("https://192.168.42.10:8443", "~/known")
    assert host.files[0] == "/var/lib/minishift/base/kube-apiserver/k8s-audit/policy.yaml"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (STOPPED, "`minishift ip` failed (exit 1). It said:\n  | Error: the machine is stopped"),
        ('echo "minishift v1.20.0+x"\n', "minishift 1.20 is too old; needed: 1.30 or newer"),
        ("echo no\n", "minishift version tells no version"),
        (IP.replace("192.168.42.10", "'a b'"), "what profile minishift of minishift tells of itself cannot be used"),
    ],
)
def test_a_machine_that_cannot_be_reached_is_one_message(folder: Path, script: str, said: str) -> None:
    minishift(folder, script)
    with pytest.raises(K8sAuditError) as caught:
        made(folder, "minishift").host("~/known", None, "30s")
    assert said in str(caught.value)


def test_without_the_command_or_a_machine_there_is_nothing_and_what_is_missing_is_said(folder: Path) -> None:
    with pytest.raises(K8sAuditError, match="minishift is not on the PATH; https://"):
        made(folder, "other").host("~/known", None, "30s")
    change = MinishiftChange(folder, "minishift", "", None, "1s", Event(), print)
    assert change.read() is None
    change.restore()
    with pytest.raises(
        HostError, match=r"minishift has no machine of profile minishift: .*make it with `minishift start`"
    ):
        change.apply(AuditSetup("POLICY", "WEBHOOK", {}))
    machine = made(folder, "broken")
    machine.file.write_text("{}")
    minishift(folder, IP)
    with pytest.raises(HostError, match=r"config\.json cannot be read: no machine of MiniShift"):
        machine.host("~/known", None, "30s")
