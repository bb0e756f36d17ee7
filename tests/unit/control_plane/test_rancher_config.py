"""The configuration of RKE2 and K3s: merged by their rules, and edits that leave what is there."""

import pytest
import yaml

from k8s_audit.control_plane import rancher_config, settings_yaml
from k8s_audit.control_plane.rancher_config import audit_settings, drop_ins, merged, of_command_line
from k8s_audit.errors import HostError

CONFIG = """\
# ours to keep
token: "SECRET"   # quoted
kube-apiserver-arg:
  - event-ttl=2h
  - audit-log-maxage=7
node-label: [a=b]
"""
FLAGS = {"audit-policy-file": "/p.yaml", "audit-webhook-config-file": "/w.yaml"}
FILES = [
    ("/c.yaml", b"a: 1\nkube-apiserver-arg: [x=1, audit-log-path=/a]\nprofile: cis\n"),
    ("/c.yaml.d/10.yaml", b"kube-apiserver-arg+: audit-log-path=/b\n"),
    ("/c.yaml.d/20.yml", b"debug: true\na: 2\nnew+: [z]\n"),
    ("/c.yaml.d/30.yaml", b""),
]


def test_the_last_file_counts_and_a_plus_adds() -> None:
    found = {key: [setting.value for setting in values] for key, values in merged(FILES).items()}
    assert found == {
        "a": ["2"],
        "kube-apiserver-arg": ["x=1", "audit-log-path=/a", "audit-log-path=/b"],
        "profile": ["cis"],
        "debug": ["true"],
        "new": ["z"],
    }
    (log,) = audit_settings(merged(FILES), own_policy=True).values()
    assert (log.value, log.source) == ("/b", "/c.yaml.d/10.yaml")
    assert drop_ins(["b.yaml", "a.YML", "Z.yaml", "c.yaml.bak", ".k8s-audit-x"]) == ["Z.yaml", "a.YML", "b.yaml"]


def test_the_policy_s_own_key_is_rke2_s_alone_and_a_command_line_is_read_however_it_is_written() -> None:
    values = merged([("/c.yaml", b"audit-policy-file: /theirs.yaml\n")])
    assert audit_settings(values, own_policy=True)["audit-policy-file"].value == "/theirs.yaml"
    assert audit_settings(values, own_policy=False) == {}
    line = "k3s server '--kube-apiserver-arg=audit-log-path=/a' --kube-apiserver-arg v=2 -c /x.yaml --debug".split()
    found = of_command_line(line, "it")
    assert [setting.value for setting in found["kube-apiserver-arg"]] == ["audit-log-path=/a", "v=2"]
    assert (found["c"][0].value, found["debug"][0].value) == ("/x.yaml", "")


def test_a_file_after_ours_that_sets_a_key_anew_is_found() -> None:
    mine, keys = ("/c.yaml.d/99-k8s-audit.yaml", b""), ("kube-apiserver-arg",)
    late = ("/c.yaml.d/zz.yaml", b"kube-apiserver-arg: [v=2]\n")
    assert rancher_config.dropped_by([*FILES, mine], mine[0], keys) is None
    found = rancher_config.dropped_by([*FILES, mine, late], mine[0], keys)
    assert found
    assert (found.value, found.source) == ("kube-apiserver-arg", late[0])


@pytest.mark.parametrize("own_keys", [True, False])
def test_a_drop_in_adds_to_what_others_say_and_is_gone_when_taken_back(own_keys: bool) -> None:
    edit = rancher_config.turn_on(b"", FLAGS, "abc", drop_in=True, own_keys=own_keys)
    given = yaml.safe_load(edit.manifest)
    webhook = "audit-webhook-config-file=/w.yaml"
    assert given == (
        {
            "audit-policy-file": "/p.yaml",
            "kube-apiserver-arg+": [webhook],
            "kube-apiserver-extra-env+": ["K8S_AUDIT_CONFIG_SHA256=abc"],
        }
        if own_keys
        else {"kube-apiserver-arg+": ["audit-policy-file=/p.yaml", webhook]}
    )
    again = rancher_config.turn_on(b"", FLAGS, "abc-again", drop_in=True, own_keys=own_keys)
    assert again.manifest != edit.manifest
    assert settings_yaml.has_digest(edit.manifest)
    assert rancher_config.turn_off(edit.manifest, edit.ours) == b""
    assert rancher_config.turn_off(edit.manifest + b"debug: true\n", edit.ours) == b"debug: true\n"


def test_before_drop_ins_config_yaml_itself_is_edited_and_all_else_in_it_stays() -> None:
    edit = rancher_config.turn_on(CONFIG.encode(), FLAGS, "abc", drop_in=False, own_keys=False)
    lines = edit.manifest.decode().splitlines()
    assert [line for line in lines if line not in CONFIG.splitlines()] == [
        "  - audit-policy-file=/p.yaml",
        "  - audit-webhook-config-file=/w.yaml",
        "# k8s-audit/config-sha256: abc",
    ]
    assert rancher_config.turn_off(edit.manifest, edit.ours).decode() == CONFIG
    alone = rancher_config.turn_on(b"kube-apiserver-arg: v=2\n", FLAGS, "abc", drop_in=False, own_keys=False)
    assert yaml.safe_load(alone.manifest)["kube-apiserver-arg"][0] == "v=2"


@pytest.mark.parametrize("text", ["token: [SECRET\n", "- SECRET\n", "token: \x00SECRET\n"])
def test_a_file_that_cannot_be_read_is_named_without_a_word_of_it(text: str) -> None:
    with pytest.raises(HostError, match=r"^/c\.yaml is n") as caught:
        merged([("/c.yaml", text.encode())])
    assert "SECRET" not in str(caught.value)
