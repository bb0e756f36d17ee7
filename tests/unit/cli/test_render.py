"""What `k8s-audit render` prints: everything that `up` would write, and no secret."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from k8s_audit.cli.app import app
from k8s_audit.config.stack import load_stack, read_stack_file
from k8s_audit.control_plane import kubeadm_config
from k8s_audit.delivery.webhook import read_webhook, render_webhook
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.rendering.placeholders import masked
from tests.project import CHECKOUT
from tests.standins.certificates import Authority

HOSTS = "hosts: [{access: ssh, name: cp-1, address: 10.0.0.11, user: ops}, {access: ssh, name: cp-2, address: 10.0.0.12, user: ops}]"
STACK = """\
config:
  audit:cluster: {{name: c-1, kubeconfig: admin.conf}}
  audit:platform: {{{platform}}}
  audit:receivers: [{receiver}]
  audit:receiverToken: {{secure: v1:a:b}}
"""
BEARER = '{kind: http, name: siem, url: "https://siem.example/audit", authorization: bearer}'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Renders a stack where no program can be run and no host resolved: there is nothing on the PATH."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()

    def made(text: str, *options: str) -> Result:
        (tmp_path / "stacks" / "Pulumi.c-1.yaml").write_text(text)
        monkeypatch.setenv("PATH", "")
        return CliRunner().invoke(app, ["render", "--stack", "c-1", *options])

    return made


def test_each_host_has_its_files_and_the_patch_of_its_manifest_and_the_cluster_what_kubeadm_keeps(run: Any) -> None:
    told = run(STACK.format(platform=f"kind: kubeadm, {HOSTS}", receiver=BEARER), "--json")
    assert (told.exit_code, told.stderr) == (0, "")
    found = json.loads(told.stdout)
    assert found["placeholders"] == ["${receiverToken}: the secret audit:receiverToken of the stack"]
    texts = {(one["place"], one["path"]): one for one in found["texts"]}
    folder = "/etc/kubernetes/k8s-audit"
    for host in ("cp-1", "cp-2"):
        assert texts[host, f"{folder}/policy.yaml"]["text"].startswith("apiVersion: audit.k8s.io/v1\nkind: Policy\n")
        webhook = YAML(typ="safe").load(texts[host, f"{folder}/webhook.yaml"]["text"])
        assert webhook["users"][0]["user"] == {"token": "${receiverToken}"}
        patch = texts[host, "/etc/kubernetes/manifests/kube-apiserver.yaml"]
        operations = YAML(typ="safe").load(patch["text"])
        assert patch["how"] == "patch"
        assert {operation["op"] for operation in operations} == {"add"}
        assert f"--audit-policy-file={folder}/policy.yaml" in [operation["value"] for operation in operations]
    kept = next(one for (place, _), one in texts.items() if place == "cluster")
    assert kubeadm_config.audit_arguments(kept["text"])["audit-webhook-config-file"] == f"{folder}/webhook.yaml"
    assert len(texts) == 7


def test_a_cluster_of_kubespray_has_its_variables_too_whatever_its_inventory_says(run: Any, tmp_path: Path) -> None:
    told = run(STACK.format(platform=f"kind: kubespray, inventory: inv, {HOSTS}", receiver=BEARER), "--json")
    assert told.exit_code == 0, told.stderr
    texts = json.loads(told.stdout)["texts"]
    assert len(texts) == 8
    assert (texts[-1]["place"], texts[-1]["how"]) == ("this machine", "file")
    assert texts[-1]["path"] == f"{tmp_path}/inv/group_vars/k8s_cluster/k8s-audit.yml"
    written = YAML(typ="safe").load(texts[-1]["text"])
    kept = next(one for one in texts if one["place"] == "cluster")
    assert written["kube_kubeadm_apiserver_extra_args"] == kubeadm_config.audit_arguments(kept["text"])


@pytest.mark.parametrize(
    ("kind", "version", "file"), [("rke2", "1.34", "drop-in"), ("k3s", "1.34", "drop-in"), ("k3s", "1.21", "merge")]
)
def test_a_server_node_of_rke2_or_k3s_has_its_files_and_what_its_configuration_gets(
    run: Any, kind: str, version: str, file: str
) -> None:
    told = run(
        STACK.format(platform=f'kind: {kind}, kubernetesVersion: "{version}", {HOSTS}', receiver=BEARER), "--json"
    )
    assert (told.exit_code, told.stderr) == (0, "")
    texts = [one for one in json.loads(told.stdout)["texts"] if one["place"] == "cp-2"]
    folder = f"/etc/rancher/{kind}"
    path = f"{folder}/config.yaml.d/99-k8s-audit.yaml" if file == "drop-in" else f"{folder}/config.yaml"
    assert [(one["path"], one["how"]) for one in texts] == [
        (f"{folder}/k8s-audit/policy.yaml", "file"),
        (f"{folder}/k8s-audit/webhook.yaml", "file"),
        (path, file),
    ]
    given = YAML(typ="safe").load(texts[2]["text"])
    policy = given["audit-policy-file"] if kind == "rke2" else f"{folder}/k8s-audit/policy.yaml"
    arguments = given["kube-apiserver-arg" + "+" * (file == "drop-in")]
    assert policy == f"{folder}/k8s-audit/policy.yaml"
    assert (f"audit-policy-file={policy}" in arguments) is (kind == "k3s")
    assert f"audit-log-path=/var/lib/rancher/{kind}/server/logs/audit.log" in arguments


def test_a_node_of_microk8s_has_its_files_and_the_lines_of_its_arguments(run: Any) -> None:
    told = run(STACK.format(platform=f"kind: microk8s, {HOSTS}", receiver=BEARER), "--json")
    last = json.loads(told.stdout)["texts"][-1]
    assert (last["place"], last["how"]) == ("cp-2", "merge")
    assert last["path"] == "/var/snap/microk8s/current/args/kube-apiserver"
    assert "\n--audit-policy-file=/var/snap/microk8s/common/k8s-audit/policy.yaml\n" in last["text"]


def test_a_master_of_openshift_has_its_section_and_the_inventory_a_line_and_minishift_its_lists(run: Any) -> None:
    told = run(STACK.format(platform=f"kind: openshift-3.11, {HOSTS}", receiver=BEARER), "--json")
    texts = json.loads(told.stdout)["texts"]
    name, _, value = texts[0]["text"].partition("=")
    assert (texts[0]["place"], name) == ("cluster", "openshift_master_audit_config")
    last = texts[-1]
    assert (last["place"], last["path"], last["how"]) == ("cp-2", "/etc/origin/master/master-config.yaml", "merge")
    assert YAML(typ="safe").load(last["text"])["auditConfig"] == json.loads(value)
    assert texts[1]["text"].startswith("apiVersion: audit.k8s.io/v1beta1\n")
    told = run(STACK.format(platform="kind: minishift", receiver=BEARER), "--json")
    policy, webhook, section = json.loads(told.stdout)["texts"]
    assert policy["path"] == "/var/lib/minishift/base/kube-apiserver/k8s-audit/policy.yaml"
    assert "${receiverToken}" in webhook["text"]
    given = YAML(typ="safe").load(section["text"])["kubernetesMasterConfig"]["apiServerArguments"]
    assert given["audit-webhook-config-file"] == ["/etc/origin/master/k8s-audit/webhook.yaml"]


def test_the_printed_texts_are_one_stream_of_yaml_and_placeholders_are_explained_beside_it(run: Any) -> None:
    told = run(
        STACK.format(platform=f'kind: kubeadm, persist: false, kubernetesVersion: "1.11", {HOSTS}', receiver=BEARER)
    )
    documents = list(YAML(typ="safe").load_all(told.stdout))
    assert [type(document) for document in documents] == [dict, dict, list] * 2
    assert documents[0]["apiVersion"] == "audit.k8s.io/v1beta1"
    assert "# cp-2: /etc/kubernetes/k8s-audit/policy.yaml\n# the whole file\n" in told.stdout
    assert told.stderr == "${receiverToken}: the secret audit:receiverToken of the stack\n"


def test_what_a_cloud_or_an_admission_webhook_does_is_not_rendered(run: Any) -> None:
    refused = run((CHECKOUT / "stacks" / "Pulumi.eks.yaml").read_text())
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert (
        "audit:platform.kind: nothing is written to the API servers of kind eks; rendered are: kubeadm, kubespray, "
        in refused.stderr
    )
    reviews = "{kind: admission-controller, name: sysdig}"
    told = run(
        STACK.format(platform=f"kind: kubeadm, {HOSTS}", receiver=reviews).replace("receiverToken", "secureApiToken")
    )
    assert (told.exit_code, told.stdout) == (0, "")
    assert "nothing is written" in told.stderr


@pytest.mark.parametrize("example", ["falco", "sysdig-agent", "http"])
def test_what_the_cluster_alone_knows_is_a_placeholder(example: str) -> None:
    values, secrets = read_stack_file((CHECKOUT / "stacks" / f"Pulumi.{example}.yaml").read_text())
    given = {"audit:receiverToken"} if example == "http" else set()
    stack = load_stack(values | dict.fromkeys(given, ""), secrets | given)
    known = masked(stack.receivers)
    assert "placeholder" not in known.webhook()
    for name in known.placeholders:
        assert f"${{{name}" in known.webhook()


def test_filled_in_the_placeholders_make_the_kubeconfig_that_up_writes(tmp_path: Path) -> None:
    pair = Authority().pair("siem.example")
    certificate = tmp_path / "siem.crt"
    certificate.write_text(pair.certificate)
    secrets = {"receiverClientKey": pair.key, "receiverPassword": "hunter-2"}
    endpoint = ReceiverEndpoint(
        "siem",
        "https://siem.example/a",
        pair.certificate,
        pair.certificate,
        pair.key,
        username="me",
        password="hunter-2",
    )
    text = (
        "config:\n  audit:cluster: {name: c-1, kubeconfig: admin.conf}\n"
        f"  audit:platform: {{kind: kubeadm, {HOSTS}}}\n"
        '  audit:receivers: [{kind: http, name: siem, url: "https://siem.example/a", authorization: basic, username: me,'
        f" caFile: {certificate}, clientCertificateFile: {certificate}}}]\n"
        "  audit:receiverPassword: {secure: v1:a:b}\n  audit:receiverClientKey: {secure: v1:a:b}\n"
    )
    known = masked(load_stack(*read_stack_file(text)).receivers)
    filled = known.webhook()
    for name, value in secrets.items():
        filled = filled.replace(f"${{{name}_base64}}", base64.b64encode(value.encode()).decode())
        filled = filled.replace(f"${{{name}}}", value)
    assert read_webhook(filled) == read_webhook(render_webhook(endpoint))


def test_what_belongs_on_this_machine_alone_is_written_and_only_where_it_can_be(run: Any, tmp_path: Path) -> None:
    plain = BEARER.replace(", authorization: bearer", "")
    stack = STACK.replace("  audit:receiverToken: {{secure: v1:a:b}}\n", "")
    refused = run(stack.format(platform=f"kind: kubeadm, {HOSTS}", receiver=plain), "--write")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--write: these texts go to cluster, cp-1, cp-2, not to this machine" in refused.stderr
    folder = tmp_path / "k3d-1"
    made = run(stack.format(platform=f"kind: k3d, folder: {folder}", receiver=plain), "--write")
    assert made.exit_code == 0, made.stderr
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert [f"written: {path}" in made.stdout for path in files] == [True] * 3
    assert {path.stat().st_mode & 0o777 for path in (folder, folder / "files")} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    before = [(path.stat().st_ino, path.read_bytes()) for path in files]
    assert run(stack.format(platform=f"kind: k3d, folder: {folder}", receiver=plain), "--write").exit_code == 0
    assert [(path.stat().st_ino, path.read_bytes()) for path in files] == before, "a node may have them mounted"
    (tmp_path / "a-file").write_text("")
    taken = run(stack.format(platform=f"kind: k3d, folder: {tmp_path}/a-file/k3d", receiver=plain), "--write")
    assert taken.exit_code == 3
    assert "cannot be written: Not a directory" in taken.stderr
