"""What of a user's own configuration of kind or k3d cannot stand beside ours; and with which flags a running cluster was created."""

import json
from typing import Any

import pytest

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.created import k3d_config, kind_config
from k8s_audit.platforms.created.files import names
from k8s_audit.platforms.created.live import READERS, differences

KIND = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
K3D = "kind: Simple\napiVersion: k3d.io/v1alpha5\n"
WANTED = {
    "audit-policy-file": "/audit/policy-1",
    "audit-webhook-config-file": "/audit/webhook-1",
    "audit-log-path": "-",
}
PATCH = "- |\n  kind: ClusterConfiguration\n  apiServer:\n    "


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "no YAML"),
        (
            "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha3\n",
            "apiVersion kind.x-k8s.io/v1alpha3, kind Cluster; allowed",
        ),
        (f"{KIND}name: other\n", "name is other, and audit:platform.clusterName lab"),
        (f"{KIND}nodes: 3\n", "nodes is no list of mappings"),
        (f"{KIND}nodes: [{{extraMounts: [{{containerPath: /audit}}]}}]\n", "nodes[0].extraMounts has /audit already"),
        (f"{KIND}kubeadmConfigPatches: [3: [}}]\n", "no YAML"),
        (f"{KIND}kubeadmConfigPatches: ['[1']\n", "each is YAML text of a part of kubeadm's configuration"),
        (
            f"{KIND}kubeadmConfigPatches:\n{PATCH}extraArgs: {{audit-policy-file: /p}}\n",
            "sets audit-policy-file: /p, and we",
        ),
        (
            f"{KIND}kubeadmConfigPatches:\n{PATCH}extraArgs: [{{name: audit-policy-file, value: /p}}]\n",
            "sets audit-policy-file: /p, and we",
        ),
        (
            f"{KIND}kubeadmConfigPatches:\n{PATCH}extraVolumes: [{{name: k8s-audit-config, mountPath: /x}}]\n",
            "has a volume of our name",
        ),
        (
            f"{KIND}nodes:\n- kubeadmConfigPatches:\n  {PATCH.replace(chr(10), chr(10) + '  ')}extraVolumes: []\n",
            "nodes[0].kubeadmConfigPatches sets apiServer's extraVolumes, which replaces ours",
        ),
        (
            f"{KIND}kubeadmConfigPatchesJSON6902: [{{kind: ClusterConfiguration, patch: '[{{path: /apiServer/extraVolumes}}]'}}]\n",
            "kubeadmConfigPatchesJSON6902 changes apiServer after ours",
        ),
    ],
)
def test_what_kind_would_make_of_both_must_have_all_of_ours(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        kind_config.merged(text, "lab", "/srv/lab", WANTED)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{K3D}metadata: {{name: other}}\n", "name is other"),
        (f"{K3D}volumes: [{{volume: '/srv:/audit'}}]\n", "volumes has /audit already"),
        (f"{K3D}options: {{k3s: [1]}}\n", "options.k3s is no mapping"),
    ],
)
def test_what_k3d_would_make_of_both_too(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        k3d_config.merged(text, "lab", "/srv/lab", WANTED)
    assert said in str(caught.value)


def test_a_files_name_tells_its_content_but_no_secret() -> None:
    endpoint = {"name": "siem", "url": "https://siem.example/audit", "token": "one"}
    same = names("a policy", endpoint)
    assert names("a policy", endpoint | {"token": "other", "name": "other"}) == same
    assert names("another", endpoint)[0] != same[0]
    for changed in ({"url": "https://other"}, {"ca": "PEM"}, {"tls_server_name": "other"}):
        assert names("a policy", endpoint | changed)[1] != same[1]


def test_k3s_notes_its_arguments_at_its_node_and_what_differs_is_told() -> None:
    def node(name: str, *words: str, note: str | None = None) -> Any:
        notes = {"k3s.io/node-args": note or json.dumps(words)}
        return {"metadata": {"name": name, "annotations": notes}}

    flags = [word for flag in WANTED.items() for word in ("--kube-apiserver-arg", "=".join(flag))]
    other = [word.replace("webhook-1", "webhook-2") for word in flags]
    nodes = [
        node("server-0", "server", "--token", "********", *flags),
        node("server-1", "server"),
        node("server-2", "server", *other),
        node("agent-0", "agent"),
        node("odd", note="{"),
    ]
    found = READERS["k3d"](nodes)
    assert found == {
        "server-0": WANTED,
        "server-1": {},
        "server-2": WANTED | {"audit-webhook-config-file": "/audit/webhook-2"},
    }
    assert differences(found, WANTED) == [
        "server-1 was created without audit logging",
        "server-2 was created with --audit-webhook-config-file=/audit/webhook-2; wanted: /audit/webhook-1",
    ]
