"""A host over SSH: a real OpenSSH server and real sudo; and each script in three shells, busybox among them."""

import os
import pickle
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import psutil
import pytest

from k8s_audit.control_plane import ssh_host
from k8s_audit.control_plane import ssh_scripts as scripts
from k8s_audit.control_plane.host import Credentials, NoAnswerError, Post, Silence
from k8s_audit.control_plane.ssh_access import SshAccess, SshServer
from k8s_audit.control_plane.ssh_connection import Done
from k8s_audit.control_plane.ssh_host import SshHost, mount_of
from k8s_audit.delivery.contract import try_contract
from k8s_audit.errors import DeliveryError, HostError
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.project import free_ports
from tests.standins.certificates import Authority
from tests.standins.debian import unpacked
from tests.standins.falco import FalcoLike
from tests.standins.ssh_node import GUEST, OPS, SshNode, why_not

needs_root = pytest.mark.skipif(bool(why_not()), reason=why_not())
KEY = asyncssh.generate_private_key("ssh-ed25519")
PEM = KEY.export_private_key().decode()
TOKEN = "token-4711"
LARGEST = 10_485_760 + 1024
AT_ONCE = """\
import pickle, sys, threading
from concurrent.futures import ThreadPoolExecutor
from k8s_audit.control_plane.ssh_host import SshHost
ways = pickle.load(sys.stdin.buffer)
start = threading.Barrier(len(ways))
def ask(way):
    start.wait()
    return [SshHost(way).read("/none") for _ in range(2)]
sys.setswitchinterval(1e-5)
with ThreadPoolExecutor(len(ways)) as pool:
    print(list(pool.map(ask, ways)))
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshNode]:
    with SshNode(tmp_path_factory.mktemp("node 1"), free_ports(1)[0], KEY) as made:
        yield made


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshNode]:
    with SshNode(tmp_path_factory.mktemp("bastion"), free_ports(1)[0], KEY, forwarding=True) as made:
        yield made


def access(node: SshNode, user: str = OPS) -> SshAccess:
    server = SshServer("127.0.0.1", user, node.port, node.host_key)
    return SshAccess("cp-1", server, private_key=PEM, reconnect_timeout=10)


@pytest.fixture
def host(node: SshNode) -> SshHost:
    return SshHost(access(node))


def refused(way: SshAccess) -> str:
    with pytest.raises(HostError) as caught:
        SshHost(way).read("/etc/kubernetes/nothing")
    text = str(caught.value)
    assert text.startswith("host cp-1: ")
    assert PEM.splitlines()[1] not in text
    return text


@needs_root
def test_what_is_written_is_there_whole_with_its_mode_and_owned_by_root(host: SshHost, node: SshNode) -> None:
    host.make_folder("/etc/kubernetes/some where")
    file = node.kubernetes / "some where" / "it's $HOME; `x`"
    path = f"/etc/kubernetes/some where/{file.name}"
    for content in (b"", b"\0\xff\r\n'\"", b"many\n" * 500_000):
        host.write(path, content, 0o640)
        assert file.read_bytes() == content == host.read(path)
    assert (file.stat().st_mode & 0o7777, file.stat().st_uid) == (0o640, 0)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name], "nothing is left aside"
    assert file.parent.stat().st_mode & 0o7777 == 0o700
    host.remove(path)
    assert host.read(path) is None
    host.remove_folder("/etc/kubernetes/some where")
    assert not file.parent.exists()


@needs_root
def test_no_part_of_a_secret_is_an_argument_of_any_process_there(host: SshHost) -> None:
    """What is written, and a token that is sent, while a thread looks at the arguments of all processes."""
    seen: set[str] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.005):
            for process in psutil.process_iter():
                try:
                    seen.update(process.cmdline())
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    with FalcoLike(token=TOKEN) as falco:
        for _ in range(5):
            host.write("/etc/kubernetes/webhook.yaml", f"token: {TOKEN}".encode())
            host.post(Post(falco.url, b"{}", {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}))
    stop.set()
    watcher.join()
    assert any("mktemp" in argument for argument in seen), "the scripts were seen"
    assert any("--data-binary" in argument for argument in seen), "so was curl"
    assert not any(TOKEN in argument for argument in seen)


@needs_root
def test_each_way_in_which_a_server_is_not_the_one_that_is_meant_is_refused(
    node: SshNode, bastion: SshNode, tmp_path: Path
) -> None:
    good = access(node)
    other = refused(replace(good, server=replace(good.server, host_key=bastion.host_key)))
    assert "another host key than the one in hostKey: SHA256:" in other
    known = tmp_path / "known_hosts"
    unknown = refused(replace(good, server=replace(good.server, host_key=None, known_hosts=str(known))))
    assert f"its host key is not in {known}" in unknown
    assert f"pin it: hostKey: {node.host_key}" in unknown, "that says how to pin it"
    known.write_text(f"[127.0.0.1]:{node.port} {bastion.host_key}\n")
    refused(replace(good, server=replace(good.server, host_key=None, known_hosts=str(known))))
    known.write_text(f"[127.0.0.1]:{node.port} {node.host_key}\n")
    found = SshHost(replace(good, server=replace(good.server, host_key=None, known_hosts=str(known))))
    assert found.read("/etc/kubernetes/nothing") is None


@needs_root
def test_a_log_in_or_sudo_that_is_refused_says_to_whom_and_what_to_do(node: SshNode) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    said = refused(replace(access(node), private_key=stranger))
    assert (
        f"{OPS}@127.0.0.1:{node.port} refuses us: the key in audit:sshPrivateKey is not among its authorized keys"
        in said
    )
    assert refused(access(node, GUEST)) == (said := refused(access(node, GUEST))), "the second time, too"
    assert f"`sudo -n /bin/sh` is refused to {GUEST}: sudo: a password is required" in said
    assert f"`{GUEST} ALL=(root) NOPASSWD: /bin/sh` into /etc/sudoers.d/k8s-audit" in said
    (node.kubernetes / "root's own").write_text("x")
    (node.kubernetes / "root's own").chmod(0o600)
    with pytest.raises(HostError, match="/etc/kubernetes/root's own: Permission denied to ops; set sudo: true"):
        SshHost(replace(access(node), sudo=False)).read("/etc/kubernetes/root's own")


@needs_root
def test_a_key_of_the_agent_logs_in_where_none_is_given(
    node: SshNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    way = replace(access(node), private_key=None)
    assert "neither a key of the SSH agent ($SSH_AUTH_SOCK) nor one in ~/.ssh" in refused(way)
    (tmp_path / "key").write_text(PEM)
    (tmp_path / "key").chmod(0o600)
    listens = subprocess.run(
        ["ssh-agent", "-s", "-a", str(tmp_path / "agent")], capture_output=True, text=True, check=True
    )
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    try:
        subprocess.run(["ssh-add", str(tmp_path / "key")], check=True, capture_output=True)
        assert SshHost(replace(way, keep_alive=20)).read("/etc/kubernetes/nothing") is None
    finally:
        pid = re.search(r"SSH_AGENT_PID=(\d+)", listens.stdout)
        assert pid
        psutil.Process(int(pid[1])).kill()


@needs_root
def test_a_jump_host_is_a_way_and_is_verified_too(node: SshNode, bastion: SshNode) -> None:
    way = replace(access(node), jump=SshServer("127.0.0.1", GUEST, bastion.port, bastion.host_key))
    assert SshHost(way).read("/etc/kubernetes/nothing") is None
    assert way.jump
    said = refused(replace(way, jump=replace(way.jump, host_key=node.host_key)))
    assert f"jump host {GUEST}@127.0.0.1:{bastion.port}: another host key" in said
    stranger = replace(way, server=replace(way.server, host_key=bastion.host_key), sudo=False)
    for _ in range(2):  # nothing may ever run on the jump host instead
        assert f"host cp-1: {OPS}@127.0.0.1:{node.port}: another host key" in refused(stranger)
    closed = replace(
        way, jump=SshServer("127.0.0.1", GUEST, node.port, node.host_key), server=replace(way.server, port=1)
    )
    assert "lets nothing through to ops@127.0.0.1:1" in refused(closed)


@needs_root
def test_a_host_that_does_not_answer_is_given_up_in_time(node: SshNode) -> None:
    good = access(node)
    assert "cannot be reached: Connection refused" in refused(replace(good, server=replace(good.server, port=1)))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        quiet = replace(good, server=replace(good.server, port=silent.getsockname()[1]), connect_timeout=0.5)
        assert "cannot be reached: " in refused(quiet)


@needs_root
def test_several_hosts_are_asked_at_once_for_the_first_time(node: SshNode) -> None:
    """As `refresh` does, from threads; in a process of its own, since what is made once must not be there yet."""
    ways = [replace(access(node), name=f"cp-{number}") for number in range(8)]
    done = subprocess.run([sys.executable, "-c", AT_ONCE], input=pickle.dumps(ways), capture_output=True)
    assert done.stdout.decode().strip() == str([[None, None]] * 8), done.stderr.decode()


@needs_root
def test_a_connection_that_is_cut_comes_back_by_itself_or_says_so(node: SshNode) -> None:
    host = SshHost(replace(access(node), reconnect_timeout=2))
    host.write("/etc/kubernetes/kept", b"one")
    node.cut()
    assert host.read("/etc/kubernetes/kept") == b"one"
    node.stop()
    try:
        with pytest.raises(
            HostError, match=r"the connection was cut, and does not come back within 2 s: .*Connection refused"
        ):
            host.read("/etc/kubernetes/kept")
    finally:
        node.start()
    assert host.read("/etc/kubernetes/kept") == b"one"


@needs_root
def test_a_connection_that_falls_silent_is_made_anew(node: SshNode) -> None:
    host = SshHost(replace(access(node), keep_alive=0.2))
    host.write("/etc/kubernetes/kept", b"two")
    node.freeze()
    assert host.read("/etc/kubernetes/kept") == b"two"
    node.cut()


@needs_root
def test_a_cut_within_a_write_leaves_the_old_content_or_the_new_one(node: SshNode) -> None:
    host = SshHost(access(node))
    old, new = b"old\n" * 1_000_000, b"new\n" * 1_000_000
    for delay in (0.02, 0.05, 0.1):
        host.write("/etc/kubernetes/large", old)
        threading.Timer(delay, node.cut).start()
        host.write("/etc/kubernetes/large", new)
        assert (node.kubernetes / "large").read_bytes() == new


def local(shell: list[str], path: str) -> Callable[[SshAccess], "LocalShell"]:
    return lambda access: LocalShell(shell, path)


class LocalShell:
    """In place of a connection: a shell of this machine, with the programs that a test says."""

    def __init__(self, shell: list[str], path: str) -> None:
        self.shell, self.path = shell, path

    def run(self, script: str, arguments: tuple[str, ...], content: bytes = b"") -> Done:
        only = script.replace('PATH="$PATH:', 'PATH="$PATH" IGNORED="')
        command = [*self.shell, "-c", only, "k8s-audit", *arguments]
        done = subprocess.run(command, input=content, capture_output=True, env={"PATH": self.path})
        lines = done.stderr.decode().strip().splitlines()
        return Done(done.returncode, done.stdout, lines[-1] if lines else "")


@pytest.fixture(params=["dash", "bash", "busybox"])
def shell_host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SshHost:
    """A host whose scripts run in a shell of this machine; with busybox, all programs but curl are its own."""
    shell = {"dash": ["dash"], "bash": ["bash", "--posix"]}.get(request.param)
    path = os.environ["PATH"]
    if shell is None:
        busybox = unpacked("busybox") / "bin" / "busybox"
        programs = tmp_path / "busybox"
        programs.mkdir()
        for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
            (programs / name).symlink_to(busybox)
        curl = shutil.which("curl")
        assert curl
        (programs / "curl").symlink_to(curl)
        shell, path = [str(programs / "sh")], str(programs)
    monkeypatch.setattr(ssh_host, "connection", local(shell, path))
    return SshHost(SshAccess("cp-1", SshServer("127.0.0.1", "root"), sudo=False), f"{tmp_path}/the logs/*.log")


def test_each_script_works_in_each_shell(shell_host: SshHost, tmp_path: Path) -> None:
    host, folder = shell_host, tmp_path / "a folder"
    assert host.missing_folders(f"{folder}/b/c") == [str(folder), f"{folder}/b", f"{folder}/b/c"]
    host.make_folder(f"{folder}/b/c", 0o750)
    assert host.missing_folders(f"{folder}/b/c") == []
    assert (folder / "b").stat().st_mode & 0o7777 == 0o750
    host.write(f"{folder}/file", b"one\0", 0o604)
    assert (folder / "file").stat().st_mode & 0o7777 == 0o604
    host.replace(f"{folder}/file", b"two", f"{folder}/b")
    assert host.read(f"{folder}/file") == b"two"
    assert (folder / "file").stat().st_mode & 0o7777 == 0o604
    assert sorted(path.name for path in folder.rglob("*")) == ["b", "c", "file"]
    assert host.read(f"{folder}/none") is None
    assert host.read(f"{folder}/file/none") is None
    with pytest.raises(HostError, match=r"Is a directory|Permission"):
        host.read(str(folder))
    assert host.same_filesystem(str(folder), f"{folder}/not/there")
    assert not host.same_filesystem(str(folder), "/proc")
    host.remove(f"{folder}/file")
    host.remove(f"{folder}/file")
    host.remove_folder(f"{folder}/b")
    assert (folder / "b").exists(), "it is not empty"
    host.remove_folder(f"{folder}/b/c")
    assert not (folder / "b" / "c").exists()
    assert host.api_server_log() == []
    (tmp_path / "the logs").mkdir()
    for number, name in enumerate(("old.log", "new.log")):
        file = tmp_path / "the logs" / name
        file.write_text("".join(f"{name} {line}\n" for line in range(20)))
        os.utime(file, (number, number))
    assert host.api_server_log() == [f"new.log {line}" for line in range(5, 20)]


def test_a_process_is_told_with_its_arguments_and_its_start(shell_host: SshHost, tmp_path: Path) -> None:
    program = tmp_path / "kube-apiserver"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "300", ""], stderr=subprocess.DEVNULL) as wrong:
        wrong.wait()
    with subprocess.Popen([program, "300"]) as started:
        (found,) = [process for process in shell_host.processes("kube-apiserver") if process.pid == started.pid]
        assert found.arguments == (str(program), "300")
        boot = psutil.boot_time()
        assert abs(boot + found.started - psutil.Process(started.pid).create_time()) < 2
        again = [process for process in shell_host.processes("kube-apiserver") if process.pid == started.pid]
        assert again == [found]
        started.kill()
    assert not [process for process in shell_host.processes("kube-apiserver") if process.pid == started.pid]


def ssh_connection_of(host: SshHost) -> Any:
    return vars(ssh_host)["connection"](host.access)


def test_a_content_that_is_cut_short_replaces_nothing(shell_host: SshHost, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("whole")
    for script, between in ((scripts.WRITE, "600"), (scripts.REPLACE, str(tmp_path))):
        done = ssh_connection_of(shell_host).run(
            scripts.PRELUDE + script, (str(file), between, "1000"), b"a cut looks like this"
        )
        assert done.status == scripts.CUT_INPUT
    assert file.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".k8s-audit")] == []


def keys_left(key: str) -> list[Path]:
    """Files with it where a POST from a host keeps its key; other tests post at the same time."""
    found = []
    for file in Path("/dev/shm").glob(".k8s-audit-*/*"):
        with suppress(FileNotFoundError):
            found += [file] if key.strip() in file.read_text() else []
    return found


def test_a_post_from_the_host_has_tls_a_client_certificate_a_token_and_another_name(
    shell_host: SshHost, tmp_path: Path
) -> None:
    authority, stranger = Authority(), Authority("a stranger")
    with ExitStack() as ends:
        served = authority.pair("falco.security.svc").write(tmp_path)
        falco = ends.enter_context(FalcoLike(served, client_ca=authority.certificate, token=TOKEN))
        pair = authority.pair()
        endpoint = ReceiverEndpoint(
            "falco",
            falco.url,
            ca=authority.certificate,
            client_certificate=pair.certificate,
            client_key=pair.key,
            token=TOKEN,
            tls_server_name="falco.security.svc",
        )
        try_contract(shell_host, endpoint, LARGEST)
        assert falco.batches[1] == LARGEST
        assert falco.headers[0]["Host"] == falco.url.split("/")[2]
        for changed, said in (
            ({"token": "other"}, "it answers 401"),
            ({"tls_server_name": None}, "its certificate is for another name"),
            ({"ca": stranger.certificate}, "its certificate is signed by an unknown authority"),
            ({"client_certificate": None, "client_key": None}, "client certificate"),
            (
                {"url": falco.url.replace("https:", "http:"), "ca": None, "tls_server_name": None},
                "it closes the connection",
            ),
            ({"url": "https://127.0.0.1:1/x"}, "the connection is refused"),
            ({"url": "https://nowhere.invalid/x", "tls_server_name": None}, "its name cannot be resolved"),
        ):
            with pytest.raises(DeliveryError) as caught:
                try_contract(shell_host, replace(endpoint, **changed), 0)
            assert said in str(caught.value), caught.value
            assert TOKEN not in str(caught.value)
        assert not keys_left(pair.key), "the key lay in memory, and is gone"
    with FalcoLike() as plain, pytest.raises(NoAnswerError) as no_tls:
        shell_host.post(Post(plain.url.replace("http:", "https:"), b"{}"))
    assert no_tls.value.silence is Silence.NO_TLS


def test_a_host_without_curl_says_that_it_is_missing(
    shell_host: SshHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ssh_host, "connection", local(["/bin/sh"], str(tmp_path)))
    with pytest.raises(HostError, match=r"a program is missing there .*curl.*curl are needed"):
        shell_host.readyz("https://127.0.0.1:1", Credentials("/etc/passwd"))


def test_a_bind_mount_is_another_place_though_the_device_is_the_same() -> None:
    """A rename across it fails as across filesystems, and `mv` would copy, which is no single step."""
    mounts = [
        "21 1 8:1 / / rw - ext4 /dev/sda1 rw",
        r"35 21 8:1 /x /etc/kubernetes/the\040manifests rw - ext4 /dev/sda1 rw",
    ]
    assert mount_of("/etc/kubernetes/k8s-audit", mounts) == "21"
    assert mount_of("/etc/kubernetes/the manifests", mounts) == "35"
    assert mount_of("/etc/kubernetes/the manifests2", mounts) == "21"
