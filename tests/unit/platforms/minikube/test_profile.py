"""A profile of minikube, brought into step with audit flags.

minikube 1.36.0 itself (config.ClusterConfig without unknown fields, bsutil.GenerateKubeadmYAML) read what was edited here and made kubeadm's configuration
of it, and kubeadm 1.34.4 the manifest: once and by hand, since it takes minutes to build.
"""

import json
from typing import Any

import pytest

from k8s_audit.errors import HostError
from k8s_audit.platforms.minikube.profile import in_step, parse, start_options

FLAGS = {"audit-policy-file": "/p.yaml", "audit-webhook-mode": "batch"}
OTHER = {"Component": "kubelet", "Key": "audit-x", "Value": "a<b>&c"}


def audit(key: str, value: str) -> dict[str, str]:
    return {"Component": "apiserver", "Key": key, "Value": value}


def written(options: Any, **more: Any) -> str:
    """As Go writes it."""
    node = {"Name": "", "IP": "192.168.49.2", "Port": 8443, "ControlPlane": True}
    data = {
        "Driver": "docker",
        "KubernetesConfig": {"ExtraOptions": options, "CNI": ""},
        "Nodes": [node],
        "Addons": {},
    } | more
    text = json.dumps(data, indent="\t", ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def test_flags_go_in_once_and_out_again_and_the_rest_stays_byte_for_byte() -> None:
    for options in (None, [OTHER], [OTHER, audit("v", "4")]):
        before = written(options, Name="dév")
        after = in_step(before, FLAGS, "dev")
        assert parse(after, "dev").options == FLAGS
        assert in_step(after, FLAGS, "dev") == after
        assert in_step(after, {}, "dev") == before
        assert in_step(before, {}, "dev") == before


def test_what_was_there_with_another_value_is_replaced_and_put_back() -> None:
    before = written([audit("audit-policy-file", "/mine.yaml"), OTHER])
    after = in_step(before, FLAGS, "dev")
    assert parse(after, "dev").options == FLAGS
    assert parse(in_step(after, {"audit-policy-file": "/mine.yaml"}, "dev"), "dev").options == {
        "audit-policy-file": "/mine.yaml"
    }


def test_a_profile_tells_its_node() -> None:
    found = parse(written([]), "dev")
    assert (found.driver, found.address, found.port) == ("docker", "192.168.49.2", 8443)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is of no minikube that is known"),
        ("[]", "is of no minikube that is known"),
        ('{"KubernetesConfig": {}}', "is of no minikube that is known"),
        (written([{"Component": "apiserver"}]), "is of no minikube that is known"),
        (written([], Nodes=[]), "has 0 control-plane nodes"),
        (written([], Nodes=[{"ControlPlane": True}] * 3), "has 3 control-plane nodes"),
    ],
)
def test_another_profile_is_refused(text: str, said: str) -> None:
    with pytest.raises(HostError, match=said):
        parse(text, "dev")


def test_the_same_flags_as_arguments_of_a_start() -> None:
    assert start_options(FLAGS) == [
        "--extra-config=apiserver.audit-policy-file=/p.yaml",
        "--extra-config=apiserver.audit-webhook-mode=batch",
    ]
