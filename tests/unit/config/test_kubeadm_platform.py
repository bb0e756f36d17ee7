"""What a stack's file may say of control-plane hosts over SSH, and of old versions."""

import json
from typing import Any

import asyncssh
import pytest

from k8s_audit.config.platforms.kubeadm import KubeadmPlatform
from k8s_audit.config.reach import ssh_access
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.control_plane.ssh_access import SshAccess, SshServer
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

PRIVATE = asyncssh.generate_private_key("ssh-ed25519")
KEY = PRIVATE.export_private_key().decode()
HOST_KEY = " ".join(PRIVATE.export_public_key().decode().split()[:2])
SSH = {"access": "ssh", "address": "10.0.0.11", "user": "ops"}
HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}


def judged(
    hosts: list[dict[str, Any]],
    key: str | None = None,
    receiver: dict[str, Any] = HTTP,
    delivery: str = "{}",
    **platform: Any,
) -> Stack:
    values = {
        "audit:cluster": '{"name": "prod-1", "kubeconfig": "/root/.kube/config"}',
        "audit:platform": json.dumps({"kind": "kubeadm", "hosts": hosts} | platform),
        "audit:receivers": json.dumps([receiver]),
        "audit:delivery": delivery,
    }
    return load_stack(values | ({"audit:sshPrivateKey": key} if key else {}), ["audit:sshPrivateKey"] if key else [])


def faults(*arguments: Any, **settings: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        judged(*arguments, **settings)
    return caught.value.faults


def test_an_address_and_a_user_are_enough_and_what_follows_from_them_is_filled_in() -> None:
    stack = judged([SSH, SSH | {"address": "10.0.0.12", "user": "root"}], KEY)
    assert isinstance(stack.platform, KubeadmPlatform)
    one, other = stack.platform.hosts
    assert (one.name, one.api_server) == ("10-0-0-11", "https://10.0.0.11:6443")
    assert ssh_access(one, KEY) == SshAccess("10-0-0-11", SshServer("10.0.0.11", "ops"), private_key=KEY)
    assert ssh_access(other, None).sudo is False, "root needs none"
    assert stack.secrets == {"sshPrivateKey"}
    assert KEY not in repr(ssh_access(one, KEY))
    six = judged([SSH | {"address": "2001:db8::1"}]).platform
    assert isinstance(six, KubeadmPlatform)
    assert (six.hosts[0].name, six.hosts[0].api_server) == ("2001-db8-1", "https://[2001:db8::1]:6443")


def test_the_example_is_a_stack() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.kubeadm.yaml").read_text()))
    assert isinstance(stack.platform, KubeadmPlatform)
    assert [host.name for host in stack.platform.hosts] == ["cp-1", "cp-2", "cp-3"]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ({"access": "ssh"}, "access ssh needs address; access ssh needs user"),
        (SSH | {"address": "ops@10.0.0.11"}, "hosts[0].address: String should match pattern"),
        (SSH | {"address": "-oProxyCommand=x"}, "hosts[0].address: String should match pattern"),
        (SSH | {"user": "ops; reboot"}, "hosts[0].user: String should match pattern"),
        (SSH | {"port": 0}, "hosts[0].port: Input should be greater than or equal to 1"),
        (SSH | {"hostKey": "SHA256:abc"}, "hosts[0].hostKey: a host key is TYPE BASE64, as `ssh-keyscan` prints it"),
        (SSH | {"hostKey": HOST_KEY.replace("ssh-ed25519 ", "ssh-rsa ")}, "this is no public key of type ssh-rsa"),
        (SSH | {"hostKey": HOST_KEY, "knownHosts": "/etc/known"}, "hostKey and knownHosts cannot stand side by side"),
        (SSH | {"jump": {"address": "bastion"}}, "hosts[0].jump.user: missing"),
        (SSH | {"privateKey": "x"}, "hosts[0].privateKey: unknown key; allowed: access"),
        (SSH | {"connectTimeout": "soon"}, "hosts[0].connectTimeout: a duration is"),
        (
            {"access": "local", "apiServer": "https://10.0.0.11:6443", "address": "10.0.0.11", "sudo": True},
            "access local is this machine, so address, sudo must go; or set access: ssh",
        ),
        (
            {"access": "telnet", "apiServer": "https://10.0.0.11:6443"},
            "hosts[0].access: Input should be 'local' or 'ssh'",
        ),
    ],
)
def test_each_fault_of_a_host_is_one_line(host: dict[str, Any], said: str) -> None:
    assert any(said in fault for fault in faults([host])), faults([host])


def test_hosts_share_no_name_or_api_server_and_folders_only_on_other_machines() -> None:
    found = faults([SSH, SSH])
    assert [fault.partition(":")[0] + fault.partition(":")[2].partition(":")[0] for fault in found] == [
        f"auditplatform.hosts[1].{key}" for key in ("name", "manifests", "stateFolder", "configFolder", "apiServer")
    ]
    judged([SSH, SSH | {"address": "10.0.0.12"}, SSH | {"address": "10.0.0.13"}])


def test_kubeadm_has_one_configuration_for_all_hosts() -> None:
    hosts = [SSH, SSH | {"address": "10.0.0.12", "configFolder": "/srv/audit"}]
    (fault,) = faults(hosts)
    assert fault.startswith("audit:platform.persist: kubeadm has one configuration for all hosts")
    judged(hosts, persist=False)


def test_a_private_key_that_cannot_be_used_is_told_without_a_word_of_it() -> None:
    encrypted = PRIVATE.export_private_key("pkcs8-pem", passphrase="secret").decode()
    (fault,) = faults([SSH], encrypted)
    assert fault.startswith("audit:sshPrivateKey: is encrypted with a passphrase")
    assert encrypted.splitlines()[1] not in fault
    (fault,) = faults([SSH], "canary-4711")
    assert fault == "audit:sshPrivateKey: is no private key in OpenSSH's or PEM format, or damaged"
    local = {"access": "local", "apiServer": "https://10.0.0.11:6443"}
    assert faults([local], KEY) == ["audit:sshPrivateKey: nothing in this stack uses it"]
    text = "config:\n  audit:sshPrivateKey: |\n    canary-4711\n"
    with pytest.raises(ConfigError) as caught:
        load_stack(*read_stack_file(text))
    assert "audit:sshPrivateKey: must be secret" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("version", "delivery", "receiver", "said"),
    [
        ("1.10", "{}", {}, "audit:platform.kubernetesVersion: 1.10; 1.11 is the oldest"),
        ("new", "{}", {}, "audit:platform.kubernetesVersion: String should match pattern"),
        ("1.12", '{"mode": "blocking-strict"}', {}, "kube-apiserver 1.12 lacks --audit-webhook-mode=blocking-strict"),
        (
            "v1.17.3",
            "{}",
            {"tlsServerName": "siem"},
            "audit:receivers[0].tlsServerName: kube-apiserver v1.17.3 knows none",
        ),
    ],
)
def test_what_an_old_version_lacks_is_refused(version: str, delivery: str, receiver: dict[str, Any], said: str) -> None:
    found = faults([SSH], receiver=HTTP | receiver, delivery=delivery, kubernetesVersion=version)
    assert any(said in fault for fault in found), found
    judged([SSH], kubernetesVersion="1.11")
