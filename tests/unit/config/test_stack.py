"""What each class of fault says: the key, what was given, what is allowed, the nearest name."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.config.registry import FORMER, PLATFORMS
from k8s_audit.config.stack import CODE_POINTS, load_stack, read_project_file, read_stack_file
from k8s_audit.errors import ConfigError

LOCAL = {
    "audit:cluster": '{"name": "local"}',
    "audit:platform": '{"kind": "local"}',
    "audit:receivers": '[{"kind": "recorder", "name": "recorder"}]',
}
HOST = '{"access": "local", "apiServer": "https://10.0.0.1:6443"}'
KUBEADM = LOCAL | {
    "audit:cluster": '{"name": "local", "kubeconfig": "/admin.conf"}',
    "audit:platform": f'{{"kind": "kubeadm", "hosts": [{HOST}]}}',
}


def faults(values: dict[str, str], secrets: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load_stack(values, secrets)
    assert str(raised.value).splitlines()[0] == f"stack configuration: {len(raised.value.faults)} fault(s)"
    return raised.value.faults


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"audit:clustr": "x"},
            "audit:clustr: unknown key; did you mean cluster? allowed: cluster, platform, receivers",
        ),
        ({"audit:cluster": "{}"}, "audit:cluster.name: missing"),
        ({"audit:cluster": '{"name": "A_b"}'}, "audit:cluster.name: a name has up to 63 lower-case letters"),
        ({"audit:cluster": "7"}, "audit:cluster: Input should be a valid dictionary"),
        (
            {"audit:platform": '{"kind": "kubadm"}'},
            "audit:platform.kind: unknown; given: 'kubadm'; did you mean kubeadm?",
        ),
        ({"audit:platform": "{}"}, "audit:platform.kind: missing; allowed: local, kubeadm"),
        (
            {"audit:platform": '{"kind": "local", "ports": {"apiServr": 1}}'},
            "audit:platform.ports.apiServr: unknown key; did you mean apiServer?",
        ),
        (
            {"audit:platform": '{"kind": "local", "ports": {"etcd": 80}}'},
            "audit:platform.ports.etcd: Input should be greater than or equal to 1024; given: 80",
        ),
        (
            {"audit:platform": '{"kind": "local", "ports": {"etcd": 19765}}'},
            "audit:receivers[0].port: 19765 is already audit:platform.ports.etcd",
        ),
        ({"audit:platform": '{"kind": "local", "restartTimeout": "90"}'}, "audit:platform.restartTimeout: "),
        ({"audit:receivers": "[]"}, "audit:receivers: a list with at least one receiver is needed; given: []"),
        ({"audit:receivers": '[{"kind": "kafka", "name": "x"}]'}, "audit:receivers[0].kind: kafka is not built yet"),
        (
            {"audit:receivers": '[{"kind": "recorder", "name": "a", "clientCertificate": true}]'},
            "audit:receivers[0]: clientCertificate needs tls: true",
        ),
        (
            {
                "audit:receivers": '[{"kind": "recorder", "name": "a"}, {"kind": "recorder", "name": "b", "port": 19766}]'
            },
            "audit:receivers: a, b take audit events; an API server's webhook takes one",
        ),
        (
            {"audit:receivers": '[{"kind": "recorder", "name": "a"}, {"kind": "falco", "name": "a"}]'},
            "audit:receivers[1].name: a is receivers[0]'s too",
        ),
        (
            {"audit:receivers": '[{"kind": "falco", "name": "a"}]'},
            "audit:receivers[0]: a receiver of kind falco runs in the cluster, and the local platform has no node",
        ),
        (
            {"audit:delivery": '{"kind": "admission"}'},
            "audit:delivery.kind: admission does not fit: recorder takes events, platform local; allowed: webhook, or leave it out",
        ),
        ({"audit:policy": '{"profile": "detect"}'}, "audit:policy.profile: Input should be 'detection', 'seed'"),
        (
            {"audit:policy": '{"profile": "full", "file": "x"}'},
            "audit:policy: profile and file cannot stand side by side",
        ),
        (
            {"audit:policy": '{"file": "/nowhere.yaml"}'},
            "audit:policy.file: '/nowhere.yaml' cannot be read: No such file or directory",
        ),
        (
            {"audit:policy": '{"before": [{"level": "None"}]}'},
            "audit:policy: drops `create configmaps` (rules[0] decides), by which the delivery is proved",
        ),
        ({"audit:delivery": '{"kind": "relay"}'}, "audit:delivery.kind: relay is not built yet; allowed: webhook"),
        ({"audit:delivery": '{"maxWait": 5}'}, "audit:delivery.maxWait: Input should be a valid string; given: 5"),
        ({"audit:delivery": '{"maxWait": "-5s"}'}, "audit:delivery.maxWait: "),
        ({"audit:delivery": '{"log": {"path": "audit.log"}}'}, "audit:delivery.log.path: an absolute path is needed"),
        ({"audit:delivery": '{"throttle": {"qps": 0}}'}, "audit:delivery.throttle.qps: Input should be greater than 0"),
        (
            {"audit:sshPrivateKey": "plain"},
            "audit:sshPrivateKey: must be secret; set it with `pulumi config set --secret",
        ),
        ({"audit:cluster": "x" * (CODE_POINTS + 1)}, f"audit:cluster: has {CODE_POINTS + 1} characters; allowed:"),
    ],
)
def test_a_fault_names_key_value_and_mend(change: dict[str, str], said: str) -> None:
    assert any(fault.startswith(said) for fault in faults(LOCAL | change)), faults(LOCAL | change)


def test_all_faults_come_at_once() -> None:
    found = faults({"audit:cluster": "{}", "audit:platform": "{}", "audit:reciever": "[]"})
    assert [fault.partition(": ")[0] for fault in found] == [
        "audit:reciever",
        "audit:cluster.name",
        "audit:platform.kind",
        "audit:receivers",
    ]


def test_hosts_share_nothing_that_would_make_them_overwrite_each_other() -> None:
    twice = KUBEADM | {"audit:platform": f'{{"kind": "kubeadm", "hosts": [{HOST}, {HOST}]}}'}
    assert [fault.partition(":")[2].partition(": ")[0] for fault in faults(twice)] == [
        f"platform.hosts[1].{key}" for key in ("name", "manifests", "stateFolder", "configFolder", "apiServer")
    ]


def test_a_kubeadm_stack_needs_a_kubeconfig_and_a_local_one_makes_its_own() -> None:
    assert load_stack(KUBEADM).cluster.kubeconfig == "/admin.conf"
    assert faults(KUBEADM | {"audit:cluster": '{"name": "a"}'}) == [
        "audit:cluster.kubeconfig: missing; the proof of delivery asks each API server with it"
    ]
    assert faults(LOCAL | {"audit:cluster": '{"name": "a", "kubeconfig": "/x"}'}) == [
        "audit:cluster.kubeconfig: the local platform makes its own; take it out"
    ]


def test_a_secret_is_a_key_of_its_own_and_its_value_is_never_shown() -> None:
    found = faults(LOCAL | {"audit:cluster": "TOPSECRET", "audit:tokn": "TOPSECRET"}, ("audit:cluster", "audit:tokn"))
    assert any(fault.startswith("audit:cluster: is secret as a whole; only these are secret:") for fault in found)
    assert "TOPSECRET" not in str(found)


def test_the_policy_of_a_file_has_its_faults_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n  verb: [get]\n"
    )
    (fault,) = faults(LOCAL | {"audit:policy": '{"file": "policy.yaml"}'})
    assert fault.startswith("audit:policy.file: policy.yaml: rules[0].verb: unknown key; did you mean verbs?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a mapping with the key config, itself a mapping, is needed; given: NoneType"),
        ("x: 1", "a mapping with the key config, itself a mapping, is needed; given: the keys ['x']"),
        ("config: {a: [}", "no YAML: line 1, column 14: "),
        ("config: {a: 1, a: 2}", "no YAML: line 1, column "),
        ("config: {'audit:cluster': 2001-01-01}", "audit:cluster: Input should be a valid dictionary"),
    ],
)
def test_a_text_that_is_no_stack_file_says_where(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_stack(*read_stack_file(text))
    assert any(fault.startswith(said) for fault in raised.value.faults), raised.value.faults


def test_a_flow_mapping_may_hold_a_url_as_the_engine_lets_it() -> None:
    values, _ = read_stack_file(
        "config: {audit:platform: {kind: kubeadm, hosts: [{apiServer: https://10.0.0.1:6443}]}}"
    )
    assert values == {"audit:platform": '{"kind": "kubeadm", "hosts": [{"apiServer": "https://10.0.0.1:6443"}]}'}


def test_the_checked_in_stack_is_valid() -> None:
    file: Any = Path(__file__).parents[3] / "stacks" / "Pulumi.local.yaml"
    assert load_stack(*read_stack_file(file.read_text())).cluster.name == "local"


@pytest.mark.parametrize(
    "name", "minishift-3.11 gke iks rke-1.13 kops minikube-1.13 openshift-3.11 openshift-4.2".split()
)
def test_each_name_of_the_seeds_script_is_a_kind_or_says_which_one_it_is_today(name: str) -> None:
    """The rest of the platform is missing here, so each is refused for something."""
    with pytest.raises(ConfigError) as caught:
        load_stack({"audit:platform": json.dumps({"kind": name})})
    kinds = [fault for fault in caught.value.faults if fault.startswith("audit:platform.kind")]
    today = FORMER.get(name, name)
    assert today in PLATFORMS
    if today != name:
        assert f"audit:platform.kind: {name} is what enable-k8s-audit.sh calls it; today's kind is {today}" in kinds[0]
    elif PLATFORMS[name] is None:
        assert f"audit:platform.kind: {name} is not built yet" in kinds[0]
    else:
        assert not kinds


def test_the_defaults_of_a_project_are_what_the_engine_takes_of_them() -> None:
    values, secrets = read_project_file(
        "name: audit\nconfig:\n  audit:policy: {value: {profile: full}}\n  delivery: {default: x, type: string}\n  aws:region: eu-west-1\n"
        "  declared: {type: string, description: each stack sets it}\n  audit:sshPrivateKey: {value: {secure: v1:x}}\n"
    )
    assert values == {
        "audit:policy": '{"profile": "full"}',
        "audit:delivery": "x",
        "aws:region": "eu-west-1",
        "audit:sshPrivateKey": "",
    }
    assert secrets == {"audit:sshPrivateKey"}
    assert read_project_file("name: audit") == ({}, set())
    with pytest.raises(ConfigError, match="no YAML: line 1"):
        read_project_file("a: [")
