"""`kind: rke2`, `kind: k3s` and `kind: microk8s`: what a stack's file may say."""

import json
from typing import Any

import pytest

from k8s_audit.config.platforms.rancher import RancherPlatform
from k8s_audit.config.stack import Stack, load_stack
from k8s_audit.errors import ConfigError

SSH = {"access": "ssh", "address": "10.0.0.11", "user": "ops"}


def judged(kind: str, hosts: list[dict[str, Any]], **platform: Any) -> Stack:
    parts = {
        "cluster": {"name": "edge-1", "kubeconfig": "/admin.conf"},
        "platform": {"kind": kind, "hosts": hosts} | platform,
        "receivers": [{"kind": "http", "name": "siem", "url": "https://siem.example/audit"}],
    }
    return load_stack({f"audit:{key}": json.dumps(value) for key, value in parts.items()})


@pytest.mark.parametrize(("kind", "service"), [("rke2", "rke2-server"), ("k3s", "k3s")])
def test_a_host_needs_an_address_alone_and_old_versions_get_no_drop_in(kind: str, service: str) -> None:
    stack = judged(kind, [SSH])
    assert isinstance(stack.platform, RancherPlatform)
    (host,) = stack.platform.hosts
    assert (host.service, host.config_file) == (service, f"/etc/rancher/{kind}/config.yaml")
    assert host.api_server == "https://10.0.0.11:6443"
    assert stack.platform.drop_in
    old = judged(kind, [SSH], kubernetesVersion="1.21").platform
    assert isinstance(old, RancherPlatform)
    assert not old.drop_in
    (warning,) = judged(kind, [SSH], kubernetesVersion="1.99").warnings()
    assert warning == "audit:platform.kubernetesVersion: 1.99 is newer than what was looked at, 1.36"


def test_microk8s_has_a_port_and_folders_of_its_own() -> None:
    (host,) = judged("microk8s", [SSH]).platform.model_dump(by_alias=True)["hosts"]
    assert host["apiServer"] == "https://10.0.0.11:16443"
    assert host["argsFile"] == "/var/snap/microk8s/current/args/kube-apiserver"
    with pytest.raises(ConfigError, match=r"hosts\[1\]\.argsFile"):
        judged("microk8s", [SSH, SSH])


@pytest.mark.parametrize(
    ("hosts", "platform", "said"),
    [
        ([SSH | {"adopt": True}], {}, "hosts[0].adopt: unknown key"),
        ([SSH | {"service": "k3s; reboot"}], {}, "hosts[0].service: String should match pattern"),
        ([SSH | {"configFile": "config.yaml"}], {}, "hosts[0].configFile: an absolute path is needed"),
        ([SSH, SSH], {}, "hosts[1].configFile: "),
        ([SSH], {"kubernetesVersion": "1.18"}, "1.18; 1.19 is the oldest whose K3s has a configuration file"),
        ([], {}, "audit:platform.hosts: "),
    ],
)
def test_each_fault_is_one_line(hosts: list[dict[str, Any]], platform: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged("k3s", hosts, **platform)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


@pytest.mark.parametrize("url", ["https://api.example.com", "https://[::1]"])
def test_rke2_needs_the_port_of_the_api_server_since_it_names_the_process(url: str) -> None:
    with pytest.raises(ConfigError, match=r"hosts\[0\]\.apiServer: .*with its own port: https://address:port"):
        judged("rke2", [SSH | {"apiServer": url}])
    judged("k3s", [SSH | {"apiServer": url}])
