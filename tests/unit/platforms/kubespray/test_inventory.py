"""Our file among the variables of an inventory, on a folder laid out as Kubespray's sample is. Ansible reads YAML with PyYAML, as here."""

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ConflictError, HostError
from k8s_audit.platforms.kubespray import variables
from k8s_audit.platforms.kubespray.inventory import Inventory
from k8s_audit.platforms.kubespray.variables import ARGUMENTS, VOLUMES
from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources.kubespray_variables import KubesprayVariablesInputs, KubesprayVariablesResource

FOLDER = "/etc/kubernetes/k8s-audit"
WANTED = AuditFlags().arguments(f"{FOLDER}/policy.yaml", f"{FOLDER}/webhook.yaml")
SAMPLE = {
    "inventory.ini": "[kube_control_plane]\nnode1 ansible_host=10.0.0.11\n# kubernetes_audit=true\n",
    "group_vars/all/all.yml": "---\nkube_webhook_token_auth: no\n",
    "group_vars/k8s_cluster/k8s-cluster.yml": "---\n# audit log for kubernetes\nkubernetes_audit: false\nkube_version: 1.34.4\n",
    "host_vars/node1.example.com/etcd.yml": "etcd_member_name: etcd1\n",
}
CLUSTER = "group_vars/k8s_cluster/k8s-cluster.yml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in SAMPLE.items():
        put(tmp_path, name, text)
    return tmp_path


def put(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def all_of(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def of(folder: Path, group: str = "k8s_cluster") -> Inventory:
    return Inventory(str(folder), group)


def test_one_file_is_written_once_beside_what_is_there_and_taken_away_again(folder: Path) -> None:
    inventory = of(folder)
    assert inventory.look(WANTED).told() == ["write it"]
    assert inventory.apply(WANTED).intact
    before = inventory.file.stat()
    assert inventory.apply(WANTED).told() == ["nothing to do"]
    assert inventory.file.stat() == before
    found = all_of(folder)
    written = yaml.safe_load(found.pop("group_vars/k8s_cluster/k8s-audit.yml"))
    assert found == SAMPLE
    assert written[ARGUMENTS] == WANTED, "each value is a string, for the template puts it between quotes as it is"
    assert written[VOLUMES] == [
        {"name": "k8s-audit-config", "hostPath": FOLDER, "mountPath": FOLDER, "readOnly": True},
        {
            "name": "k8s-audit-log",
            "hostPath": "/var/log/kubernetes/audit",
            "mountPath": "/var/log/kubernetes/audit",
            "readOnly": False,
        },
    ]
    assert before.st_mode & 0o777 == 0o644
    inventory.restore(WANTED)
    assert all_of(folder) == SAMPLE
    inventory.restore(WANTED)


def test_a_log_to_the_containers_output_needs_no_mount() -> None:
    assert [one["name"] for one in variables.values(WANTED | {"audit-log-path": "-"})[VOLUMES]] == ["k8s-audit-config"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (CLUSTER, "kubernetes_audit: true\n", "sets kubernetes_audit: true: Kubespray's own auditing"),
        ("group_vars/all/all.yml", "kubernetes_audit_webhook: yes\n", "sets kubernetes_audit_webhook: yes"),
        (CLUSTER, 'kubernetes_audit: "{{ hardened }}"\n', "sets kubernetes_audit: {{ hardened }}: Kube"),
        ("inventory.ini", "[all:vars]\nkubernetes_audit=True\n", "sets kubernetes_audit: True"),
        ("hosts.yaml", 'all:\n  vars:\n    "kubernetes_audit": true\n', "hosts.yaml sets kubernetes_audit: true"),
        (CLUSTER, f"{ARGUMENTS}: {{profiling: 'false'}}\n", f"sets {ARGUMENTS}, which lacks audit-log-maxage, "),
        ("host_vars/node1.json", f'{{"{ARGUMENTS}": {{"v": "2"}}}}', f"node1.json sets {ARGUMENTS}, which lacks"),
        ("group_vars/k8s_cluster/more/noending", f"{ARGUMENTS}: {{}}\n", f"noending sets {ARGUMENTS}, which lacks"),
        (CLUSTER, f'{ARGUMENTS}: "{{{{ theirs }}}}"\n', f"sets {ARGUMENTS}, which lacks"),
        (CLUSTER, f"{ARGUMENTS}: {{}}\n{ARGUMENTS}: {{}}\n", f"sets {ARGUMENTS}, in a file whose values are not read"),
        ("inventory.ini", f"[all:vars]\n{VOLUMES}=[]\n", f"inventory.ini sets {VOLUMES}, in a file whose values"),
        (CLUSTER, f"{VOLUMES}: [{{name: a, hostPath: /a, mountPath: /a}}]\n", f"which lacks {FOLDER}, /var/log/kube"),
        ("group_vars/k8s_cluster/k8s-audit.yml", "a: 1\n", "k8s-audit.yml is there and not ours; give it another name"),
        ("group_vars/k8s_cluster/k8s-audit.yml", f"{variables.MARK}\nmine: 1\n", "sets mine, too; move that into"),
    ],
)
def test_what_is_in_the_way_is_told_with_file_variable_and_ways_out_and_nothing_is_written(
    folder: Path, name: str, text: str, said: str
) -> None:
    put(folder, name, text)
    before = all_of(folder)
    with pytest.raises(ConflictError) as caught:
        of(folder).apply(WANTED)
    (fault,) = str(caught.value).splitlines()
    assert said in fault
    assert str(folder / name) in fault
    assert fault.startswith("audit:platform.inventory: ")
    assert "Ways out: " in fault or "k8s-audit.yml" in name
    assert all_of(folder) == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (CLUSTER, "kubernetes_audit: no\nkubernetes_audit_webhook: 'False'\n"),
        ("inventory.ini", "[all:vars]\nkubernetes_audit=false\n"),
        ("group_vars/all.yml", f"{ARGUMENTS}: {{v: '9'}}\n"),
        ("group_vars/all/all.yml", f"{ARGUMENTS}: {{}}\n{VOLUMES}: []\n"),
        ("group_vars/k8s_cluster/.old.yml", f"{ARGUMENTS}: {{v: '9'}}\n"),
        ("group_vars/k8s_cluster/old~", f"{ARGUMENTS}: {{v: '9'}}\n"),
        ("group_vars/k8s_cluster/old.bak", f"{ARGUMENTS}: {{v: '9'}}\n"),
        ("group_vars/k8s_cluster/old.d/a.yml", f"{ARGUMENTS}: {{v: '9'}}\n"),
        ("group_vars/k8s_cluster/note.yml", f"note: {ARGUMENTS} is set elsewhere\n"),
    ],
)
def test_what_ansible_does_not_read_or_ours_overrules_anyway_is_in_nobodys_way(
    folder: Path, name: str, text: str
) -> None:
    put(folder, name, text)
    assert of(folder).apply(WANTED).intact


def test_an_encrypted_file_is_named_since_nobody_can_look_into_it(folder: Path) -> None:
    put(folder, "group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n6162\n")
    assert of(folder).look(WANTED).told() == [
        "write it",
        f"{folder}/group_vars/all/vault.yml is encrypted, so what it sets is not known",
    ]


def test_variables_of_the_users_own_that_have_all_of_ours_are_left_to_him(folder: Path) -> None:
    """The way out that the refusal names; the log's own settings are the user's, as on the hosts."""
    theirs: dict[str, Any] = variables.values(WANTED)
    theirs[ARGUMENTS] |= {"profiling": False, "audit-log-maxage": 7, "audit-log-path": "/srv/log/audit.log"}
    theirs[ARGUMENTS]["audit-webhook-truncate-enabled"] = True
    put(folder, "group_vars/all/mine.yml", yaml.safe_dump({ARGUMENTS: theirs[ARGUMENTS]}))
    look = of(folder).apply(WANTED)
    assert look.intact
    assert yaml.safe_load(look.found or "").keys() == {VOLUMES}
    assert [one["mountPath"] for one in yaml.safe_load(look.found or "")[VOLUMES]] == [FOLDER, "/srv/log"]

    mounts = [{"name": "mine", "hostPath": folder, "mountPath": f"{folder}/"} for folder in (FOLDER, "/srv/log")]
    put(folder, CLUSTER, yaml.safe_dump({VOLUMES: mounts}))
    assert "which lacks /srv/log;" in of(folder).look(WANTED).faults[0], "Kubespray's default is read-only"
    mounts[1]["writable"] = "true"
    put(folder, CLUSTER, yaml.safe_dump({VOLUMES: mounts}))
    assert of(folder).look(WANTED).told() == ["take it away"]
    assert of(folder).apply(WANTED).intact
    assert not of(folder).file.exists()

    with pytest.raises(HostError, match=r"mine.yml sets audit-policy-file, audit-webhook-config-file in kube_kubeadm"):
        of(folder).restore(WANTED)
    put(folder, "group_vars/all/mine.yml", "")
    of(folder).restore(WANTED)


def test_destroy_leaves_a_file_that_is_not_ours_any_more(folder: Path) -> None:
    of(folder).apply(WANTED)
    ours = of(folder).file.read_text()
    of(folder).file.write_text(f"{ours}mine: 1\n")
    with pytest.raises(HostError, match="sets mine, too; move that into a file of your own"):
        of(folder).restore(WANTED)
    of(folder).file.write_text("mine: 1\n")
    of(folder).restore(WANTED)
    assert of(folder).file.read_text() == "mine: 1\n"


def test_a_folder_that_ansible_would_not_read_is_refused(folder: Path) -> None:
    """A new folder would hide a file of the group's name: Ansible reads one of the two."""
    put(folder, "group_vars/kube_control_plane.yml", "a: 1\n")
    inventory = of(folder, "kube_control_plane")
    (fault,) = inventory.look(WANTED).faults
    assert f"{folder}/group_vars/kube_control_plane is no folder" in fault
    inventory.restore(WANTED)
    assert not inventory.file.parent.exists()
    put(folder, "group_vars/k8s-cluster/a.yml", "")
    assert of(folder, "k8s-cluster").apply(WANTED).intact


def test_paths_that_ansible_or_the_template_would_read_otherwise_are_refused(folder: Path) -> None:
    (fault,) = of(folder).look(WANTED | {"audit-log-path": '/var/log/{{ x }}/a"b'}).faults
    assert "would read audit-log-path otherwise; set other paths" in fault


def test_the_resource_tells_a_change_by_hand_a_lost_file_and_a_variable_that_overrules_it(folder: Path) -> None:
    resource, said = KubesprayVariablesResource(), list[str]()
    context = Context(Event(), said.append)
    inputs = KubesprayVariablesInputs(inventory=str(folder), group="k8s_cluster", arguments=WANTED)
    file = of(folder).file
    assert resource.preview(inputs, None) == {"file": str(file), "intact": True}
    id, old = resource.create(context, "n", inputs)
    assert id == "n"
    assert said == [f"{file} was written: commit it beside the rest of the inventory"]
    assert resource.create(context, "n", inputs)[1] == old
    assert len(said) == 1

    ours = file.read_text()
    file.write_text(ours.replace('audit-log-maxage: "30"', 'audit-log-maxage: "3"'))
    read = resource.read(context, id, inputs, old)
    assert read
    assert read.inputs.arguments == WANTED | {"audit-log-maxage": "3"}
    file.write_text(ours.replace("readOnly: false", "readOnly: true"))
    read = resource.read(context, id, inputs, old)
    assert read
    assert (read.inputs, resource.stale(read.outputs)) == (inputs, ["intact"])
    file.write_text(ours)
    for overruling in (f"{ARGUMENTS}: {{v: '9'}}\n", "kubernetes_audit: true\n"):
        put(folder, CLUSTER, overruling)
        read = resource.read(context, id, inputs, old)
        assert read
        assert resource.stale(read.outputs) == ["intact"]
    put(folder, CLUSTER, SAMPLE[CLUSTER])
    file.unlink()
    assert resource.read(context, id, inputs, old) is None
    resource.create(context, id, inputs)
    resource.delete(context, id, old)
    assert all_of(folder) == SAMPLE


def test_for_another_group_the_file_goes_there_and_in_another_checkout_the_former_one_stays(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    resource, said = KubesprayVariablesResource(), list[str]()
    context = Context(Event(), said.append)
    inputs = KubesprayVariablesInputs(inventory=str(folder), group="k8s_cluster", arguments=WANTED)
    _, old = resource.create(context, "n", inputs)
    put(folder, "group_vars/kube_control_plane/a.yml", "")
    other = inputs.model_copy(update={"group": "kube_control_plane"})
    old = resource.update(context, "n", other, old)
    assert not of(folder).file.exists()
    checkout = tmp_path_factory.mktemp("checkout")
    put(checkout, "group_vars/kube_control_plane/a.yml", "")
    old = resource.update(context, "n", other.model_copy(update={"inventory": str(checkout)}), old)
    assert f"{of(folder, 'kube_control_plane').file} stays: it is needed there if that is" in said[-1]
    assert of(folder, "kube_control_plane").file.read_text() == of(checkout, "kube_control_plane").file.read_text()
    assert resource.stale(old) == []
