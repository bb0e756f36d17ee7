from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_audit.local_cluster.pod import ManifestError, Mount, RefusedError, arguments, mounts, parse

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"


def manifest(*command: str, volumes: str = "[]", volume_mounts: str = "[]") -> bytes:
    lines = "".join(f"    - '{argument}'\n" for argument in ("program", *command))
    return (
        f"{HEAD}spec:\n  containers:\n  - name: c\n    command:\n{lines}    volumeMounts: {volume_mounts}\n"
        f"  volumes: {volumes}\n"
    ).encode()


def translated(*command: str, mounted: list[Mount]) -> list[str]:
    return arguments(parse(manifest(*command)), mounted)[1:]


def test_a_path_below_a_mount_becomes_the_hosts_and_the_longest_mount_wins(tmp_path: Path) -> None:
    inner = f"{{name: b, mountPath: /etc/a/b}}, {{name: b, mountPath: {tmp_path}/same}}"
    volumes = f"[{{name: a, hostPath: {{path: {tmp_path}/A}}}}, {{name: b, hostPath: {{path: {tmp_path}/B}}}}]"
    pod = parse(manifest(volumes=volumes, volume_mounts=f"[{{name: a, mountPath: /etc/a/}}, {inner}]"))
    mounted = mounts(pod)
    given = ("--one=/etc/a/x", "--two=/etc/a/b/x", "--three", "/etc/a", "--four=/etc/a/b")
    expected = [f"--one={tmp_path}/A/x", f"--two={tmp_path}/B/x", "--three", f"{tmp_path}/A", f"--four={tmp_path}/B"]
    assert translated(*given, mounted=mounted) == expected


def test_a_path_that_is_the_same_on_both_sides_stays_byte_for_byte() -> None:
    given = ["--cert-file=/a b//pki/x.crt"]
    assert translated(*given, mounted=[Mount("/a b/pki", "/a b/pki")]) == given


def test_a_name_that_only_begins_like_a_mount_is_not_covered() -> None:
    with pytest.raises(RefusedError, match="--f=/etc/ab/x: no volumeMount covers this path"):
        translated("--f=/etc/ab/x", mounted=[Mount("/etc/a", "/host")])


def test_a_way_out_of_a_mount_is_not_covered() -> None:
    with pytest.raises(RefusedError, match="no volumeMount covers"):
        translated("--f=/etc/a/../secret", mounted=[Mount("/etc/a", "/host")])


def test_what_is_no_path_of_the_container_stays() -> None:
    given = ["--etcd-prefix=/registry", "--url=https://x/y", "--log=/dev/stdout", "--audit-log-path=-", "-v", "2"]
    assert translated(*given, mounted=[]) == given


def test_each_path_of_a_flag_with_several_is_mapped() -> None:
    given = "--tls-sni-cert-key=/m/a.crt,/m/a.key:example.org"
    expected = ["--tls-sni-cert-key=/h/a.crt,/h/a.key:example.org"]
    assert translated(given, mounted=[Mount("/m", "/h")]) == expected


def test_a_comma_in_a_folders_name_is_a_part_of_the_path() -> None:
    given = ["--client-ca-file=/a,b/ca.crt"]
    assert translated(*given, mounted=[Mount("/a,b", "/a,b")]) == given


@pytest.mark.parametrize("flag", ["audit-log-path", "data-dir", "wal-dir"])
def test_a_flag_that_writes_under_a_read_only_mount_is_refused_and_under_another_not(flag: str) -> None:
    with pytest.raises(RefusedError, match="a read-only mount"):
        translated(f"--{flag}=/m/x", mounted=[Mount("/m", "/m", read_only=True)])
    mounted = [Mount("/m/rw", "/m/rw"), Mount("/m", "/m", read_only=True)]
    assert translated(f"--{flag}=/m/rw/x", mounted=mounted)


def test_a_file_that_is_read_may_lie_under_a_read_only_mount() -> None:
    assert translated("--audit-policy-file=/m/x", mounted=[Mount("/m", "/m", read_only=True)])


@pytest.mark.parametrize(
    ("kind", "there", "message"),
    [
        ("Directory", None, "does not exist"),
        ("File", None, "does not exist"),
        ("Socket", None, "does not exist"),
        ("Directory", "file", "is not a directory"),
        ("DirectoryOrCreate", "file", "is not a directory"),
        ("File", "folder", "is not a file"),
        ("FileOrCreate", "folder", "is not a file"),
        ("Folder", None, "unknown type 'Folder'; allowed: Directory, "),
    ],
)
def test_a_host_path_of_another_type_is_refused(kind: str, there: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    if there == "file":
        path.touch()
    elif there == "folder":
        path.mkdir()
    volumes = f"[{{name: a, hostPath: {{path: {path}, type: {kind}}}}}]"
    pod = parse(manifest(volumes=volumes, volume_mounts="[{name: a, mountPath: /a}]"))
    with pytest.raises(RefusedError, match=message):
        mounts(pod)


def test_what_may_be_created_is(tmp_path: Path) -> None:
    kinds = ("DirectoryOrCreate", "FileOrCreate", "")
    volumes = ",".join(f"{{name: v{n}, hostPath: {{path: {tmp_path}/{n}, type: '{k}'}}}}" for n, k in enumerate(kinds))
    inside = ",".join(f"{{name: v{n}, mountPath: /m{n}}}" for n in range(len(kinds)))
    assert len(mounts(parse(manifest(volumes=f"[{volumes}]", volume_mounts=f"[{inside}]")))) == 3
    assert [(tmp_path / str(n)).is_dir() for n in range(3)] == [True, False, True]
    assert (tmp_path / "1").is_file()


def test_a_folder_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    volumes = f"[{{name: a, hostPath: {{path: {tmp_path}/file/x, type: DirectoryOrCreate}}}}]"
    with pytest.raises(RefusedError, match="Not a directory"):
        mounts(parse(manifest(volumes=volumes, volume_mounts="[{name: a, mountPath: /a}]")))


@pytest.mark.parametrize(
    ("volumes", "message"),
    [("[]", "there is no volume 'a'"), ("[{name: a, emptyDir: {}}]", "only a hostPath can be mounted here")],
)
def test_a_mount_without_a_host_path_is_refused(volumes: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        mounts(parse(manifest(volumes=volumes, volume_mounts="[{name: a, mountPath: /a}]")))


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "[]", "a: 1\n---\nb: 2\n", "\x00", HEAD, HEAD + "spec: {containers: []}", HEAD.replace("Pod", "Job")],
)
def test_what_is_no_pod_is_one_error(text: str) -> None:
    with pytest.raises(ManifestError, match=r"^no (YAML|pod): "):
        parse(text.encode())


@given(st.binary(max_size=300) | st.text(alphabet="{}[]:-&*!|>%@`'\"\n a1\x00", max_size=80).map(str.encode))
def test_any_bytes_are_a_pod_or_a_manifest_error(text: bytes) -> None:
    with pytest.raises(ManifestError):
        parse(text)
