"""How the node of a minikube cluster is reached, by its driver."""

from pathlib import Path

import pytest

from k8s_audit.errors import HostError, K8sAuditError, ToolError
from k8s_audit.platforms.minikube.node import reach_node
from k8s_audit.platforms.minikube.profile import Profile

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5xBnfnCUCRNmZ9Tz0lD5dZQwqf9wFEPAQcuREJfyA3"
RUNS = f"""\
case "$*" in
  --version) echo "Docker version 28.0.0, build 0" ;;
  "port dev 22/tcp") printf '127.0.0.1:32772\\n[::1]:32773\\n' ;;
  "exec dev cat /etc/ssh/ssh_host_ed25519_key.pub") echo "{KEY} root@dev" ;;
esac
"""
STOPPED = (
    'case "$1" in --version) echo "Docker version 28.0.0, build 0" ;; *) echo "No public port" >&2; exit 1 ;; esac\n'
)


def profile(driver: str) -> Profile:
    return Profile("dev", driver, "192.168.39.5", 8443, {}, ("10.0.0.7", "ops", 2222, "~/key"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    machine = tmp_path / "machines" / "dev"
    machine.mkdir(parents=True)
    (machine / "id_rsa").write_text("KEY")
    (tmp_path / "key").write_text("ANOTHER-KEY")
    return tmp_path


def docker(folder: Path, script: str) -> None:
    (folder / "docker").write_text(f"#!/bin/sh\n{script}")
    (folder / "docker").chmod(0o755)


def test_docker_tells_the_port_and_the_host_key_of_now(folder: Path) -> None:
    docker(folder, RUNS)
    found = reach_node(profile("docker"), folder, "~/known", "30s")
    assert (found.host.address, found.host.port, found.host.user) == ("127.0.0.1", 32772, "docker")
    assert (found.host.host_key, found.private_key) == (KEY, "KEY")
    assert found.host.api_server == "https://192.168.39.5:8443"
    assert found.host.files == ("/etc/ssl/certs/k8s-audit/dev/policy.yaml", "/etc/ssl/certs/k8s-audit/dev/webhook.yaml")


@pytest.mark.parametrize(
    ("driver", "way", "key"),
    [
        ("kvm2", ("ssh", "192.168.39.5", 22, "docker", "~/known"), "KEY"),
        ("ssh", ("ssh", "10.0.0.7", 2222, "ops", "~/known"), "ANOTHER-KEY"),
        ("none", ("local", None, 22, None, "~/.ssh/known_hosts"), None),
    ],
)
def test_other_drivers(folder: Path, driver: str, way: tuple[object, ...], key: str | None) -> None:
    found = reach_node(profile(driver), folder, "~/known", "30s")
    host = found.host
    assert (host.access, host.address, host.port, host.user, host.known_hosts) == way
    assert found.private_key == key


@pytest.mark.parametrize(
    ("driver", "script", "error", "said"),
    [
        ("hyperv", "", HostError, "has the driver hyperv; those that are known: docker, kvm2, kvm, ssh, none"),
        ("docker", STOPPED, ToolError, "No public port"),
        ("docker", RUNS.replace("127.0.0.1:32772", ""), HostError, "is it running"),
        ("docker", RUNS.replace("ssh-ed25519", "ssh-dss"), HostError, "cannot be used: .*hostKey"),
        ("docker", "echo 28\n", ToolError, "tells no version"),
    ],
)
def test_what_is_in_the_way_is_one_message(
    folder: Path, driver: str, script: str, error: type[K8sAuditError], said: str
) -> None:
    docker(folder, script)
    with pytest.raises(error, match=said):
        reach_node(profile(driver), folder, "~/known", "30s")


def test_a_key_that_is_gone_is_named(folder: Path) -> None:
    (folder / "machines" / "dev" / "id_rsa").unlink()
    with pytest.raises(HostError, match=r"its key .*machines/dev/id_rsa cannot be read: No such file"):
        reach_node(profile("kvm2"), folder, "~/known", "30s")
