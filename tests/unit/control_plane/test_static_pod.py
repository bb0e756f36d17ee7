from pathlib import Path

import pytest

from k8s_audit.control_plane.static_pod import arguments_of, audit_arguments, turn_off, turn_on
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.errors import ConflictError, HostError

MANIFEST = (Path(__file__).parent / "kube-apiserver.yaml").read_bytes()
CONFIG = "/etc/kubernetes/k8s-audit"
WANTED = AuditFlags().arguments(f"{CONFIG}/policy.yaml", f"{CONFIG}/webhook.yaml")


def with_arguments(*arguments: str) -> bytes:
    lines = "".join(f"    - {argument}\n" for argument in arguments)
    return MANIFEST.replace(b"    - --secure-port=6443\n", b"    - --secure-port=6443\n" + lines.encode())


def with_mount(path: str, host_path: str, *, read_only: bool) -> bytes:
    mount = (
        f"    volumeMounts:\n    - mountPath: {path}\n      name: theirs\n      readOnly: {str(read_only).lower()}\n"
    )
    volume = f"  volumes:\n  - hostPath:\n      path: {host_path}\n    name: theirs\n"
    return MANIFEST.replace(b"    volumeMounts:\n", mount.encode()).replace(b"  volumes:\n", volume.encode())


def test_comments_and_all_else_survive_and_only_ours_is_added() -> None:
    edit = turn_on(MANIFEST, WANTED, "d1")
    before, after = MANIFEST.decode().splitlines(), edit.manifest.decode().splitlines()
    assert [line for line in before if line not in after] == []
    assert "# a comment of the user's" in edit.manifest.decode()
    assert audit_arguments(edit.manifest) == WANTED
    assert edit.ours.volumes == ("k8s-audit-config", "k8s-audit-log")


def test_taking_ours_out_of_a_changed_manifest_leaves_the_change() -> None:
    edit = turn_on(MANIFEST, WANTED, "d1")
    changed = edit.manifest.replace(b"--secure-port=6443", b"--secure-port=6444")
    assert turn_off(changed, edit.ours) == MANIFEST.replace(b"--secure-port=6443", b"--secure-port=6444")


def test_a_manifest_without_anything_of_ours_comes_back_byte_for_byte() -> None:
    odd = MANIFEST + b"\n\n# an odd ending   \n"
    assert turn_off(odd, turn_on(MANIFEST, WANTED, "d1").ours) == odd


def test_changed_files_alone_change_the_manifest_so_that_the_kubelet_restarts_it() -> None:
    assert turn_on(MANIFEST, WANTED, "d1").manifest != turn_on(MANIFEST, WANTED, "d2").manifest


def test_a_foreign_webhook_backend_is_a_conflict_that_names_both_values_and_the_way_out() -> None:
    with pytest.raises(ConflictError) as caught:
        turn_on(with_arguments("--audit-webhook-config-file=/theirs.yaml"), WANTED, "d")
    for part in ("/theirs.yaml", f"{CONFIG}/webhook.yaml", "adopt: true", "relay"):
        assert part in str(caught.value)


def test_adopting_replaces_what_is_there_once() -> None:
    edit = turn_on(with_arguments("--audit-webhook-config-file=/theirs.yaml"), WANTED, "d", adopt=True)
    assert audit_arguments(edit.manifest) == WANTED
    assert b"/theirs.yaml" not in edit.manifest


def test_the_users_own_log_flags_stay() -> None:
    edit = turn_on(with_arguments("--audit-log-maxage=7"), WANTED, "d")
    assert audit_arguments(edit.manifest)["audit-log-maxage"] == "7"
    assert [a for a in arguments_of(edit.manifest) if "maxage" in a] == ["--audit-log-maxage=7"]


def test_a_log_under_a_read_only_mount_is_refused() -> None:
    with pytest.raises(ConflictError, match="mounted read-only"):
        turn_on(with_mount("/var/log/kubernetes/audit", "/var/log/kubernetes/audit", read_only=True), WANTED, "d")


def test_a_mount_that_serves_already_is_used() -> None:
    edit = turn_on(with_mount("/var/log/kubernetes/audit/", "/var/log/kubernetes/audit", read_only=False), WANTED, "d")
    assert edit.ours.volumes == ("k8s-audit-config",)


def test_a_folder_below_a_mount_of_the_same_path_needs_none_of_its_own() -> None:
    edit = turn_on(with_mount("/etc/kubernetes", "/etc/kubernetes", read_only=True), WANTED, "d")
    assert edit.ours.volumes == ("k8s-audit-log",)
    elsewhere = turn_on(with_mount("/etc/kubernetes", "/opt/kubernetes", read_only=True), WANTED, "d")
    assert "k8s-audit-config" in elsewhere.ours.volumes


def test_a_mount_of_another_folder_there_is_refused() -> None:
    with pytest.raises(ConflictError, match="/elsewhere of the host"):
        turn_on(with_mount("/var/log/kubernetes/audit", "/elsewhere", read_only=False), WANTED, "d")


def test_a_log_to_the_containers_output_needs_no_mount() -> None:
    edit = turn_on(MANIFEST, WANTED | {"audit-log-path": "-"}, "d")
    assert edit.ours.volumes == ("k8s-audit-config",)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (b"{", "not YAML"),
        (b"kind: Service", "no Pod"),
        (b"", "no Pod"),
        (MANIFEST.replace(b"- kube-apiserver\n", b"- kube-apiserver --a=b --c=d\n"), "one string"),
    ],
)
def test_what_is_no_api_server_manifest_is_told_in_one_line(manifest: bytes, message: str) -> None:
    with pytest.raises(HostError, match=message) as caught:
        turn_on(manifest, WANTED, "d")
    assert "\n" not in str(caught.value)
