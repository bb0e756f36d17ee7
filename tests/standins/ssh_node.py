"""Stands in for a control-plane host: a real OpenSSH server and real sudo, in mount namespaces of this machine.

Each node has its own /etc/kubernetes, /etc/rancher, /etc/origin, /etc/ssl/certs, /var, programs, users and sudoers; network and processes are this machine's. What runs inside
sees real paths, such as /etc/kubernetes/manifests. Needs root, since it mounts; the machine itself is not changed.
"""

import contextlib
import functools
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncssh
import psutil

from tests.standins.debian import unpacked

PACKAGES = ("openssh-server", "libwrap0", "sudo")
OPS, GUEST, DOCKER = "ops", "guest", "docker"
"""One may use sudo without a password for /bin/sh, the second not at all, the third for everything, as on a node of minikube."""
IDS = {"sshd": 4700, OPS: 4711, GUEST: 4712, DOCKER: 1000}
PATIENCE = 20
"""Seconds until it listens; it takes less than one."""
MOUNTS = """\
set -eu
node=$1 packages=$2
mount -t overlay overlay -o "lowerdir=$node/etc:$packages/etc:/etc" /etc
mount -t overlay overlay -o "lowerdir=$node/usr:$packages/usr:/usr" /usr
mount --bind "$node/kubernetes" /etc/kubernetes
mount --bind "$node/rancher" /etc/rancher
mount --bind "$node/origin" /etc/origin
mount --bind "$node/certificates" /etc/ssl/certs
mount --bind "$node/var" /var
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd
shift 2
exec "$@"
"""
SSHD = """\
HostKey "{node}/host_key"
AuthorizedKeysFile /etc/ssh/authorized_keys
AuthenticationMethods publickey
ListenAddress 127.0.0.1:{port}
PidFile none
StrictModes no
UsePAM no
AllowTcpForwarding {forwarding}
"""


@functools.cache
def why_not() -> str:
    """Why no node can run here; empty: it can."""
    if os.geteuid() != 0:
        return "a node is a mount namespace, which needs root"
    tried = 'mount -t overlay overlay -o "lowerdir=/etc:/usr" /mnt'
    done = subprocess.run(["unshare", "--mount", "sh", "-ec", tried], capture_output=True, text=True)
    return f"a node is a mount namespace with overlays: {done.stderr.strip()}" if done.returncode else ""


@dataclass
class SshNode:
    """A context manager.

    Args:
        folder: where its files lie.
        port: TCP, on 127.0.0.1.
        key: the private key that logs in.
        forwarding: whether it lets connections through, as a jump host must.
        programs: scripts in its /usr/bin and /usr/local/bin, by name.
    """

    folder: Path
    port: int
    key: asyncssh.SSHKey
    forwarding: bool = False
    programs: dict[str, str] = field(default_factory=dict)
    host_key: str = field(init=False)
    _keeper: subprocess.Popen[bytes] | None = None
    _sshd: subprocess.Popen[bytes] | None = None

    @property
    def kubernetes(self) -> Path:
        """Its /etc/kubernetes, as this machine sees it."""
        return self.folder / "kubernetes"

    def __enter__(self) -> Self:
        self._lay_out()
        packages = str(unpacked(*PACKAGES))
        inside = [
            "/bin/sh",
            "-c",
            MOUNTS,
            "node",
            str(self.folder),
            packages,
            "sh",
            "-c",
            "echo up; exec sleep infinity",
        ]
        self._keeper = subprocess.Popen(["unshare", "-m", *inside], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        assert self._keeper.stdout
        try:
            assert self._keeper.stdout.readline() == b"up\n", "the node's mounts failed"
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        assert self._keeper
        self._keeper.kill()
        self._keeper.wait()

    def command(self, *arguments: str) -> list[str]:
        """A command that runs inside."""
        assert self._keeper
        return ["nsenter", "-m", "-t", str(self._keeper.pid), *arguments]

    def start(self) -> None:
        """Listen."""
        with open(self.folder / "sshd.log", "ab") as log:
            sshd = ["/usr/sbin/sshd", "-D", "-e", "-f", str(self.folder / "sshd_config")]
            self._sshd = subprocess.Popen(self.command(*sshd), stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self._listens():
            assert time.monotonic() < deadline, (self.folder / "sshd.log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Listen no longer, and cut all connections."""
        if self._sshd:
            self.cut()
            self._sshd.kill()
            self._sshd.wait()
            self._sshd = None

    def cut(self) -> None:
        """Cut all connections; what runs there goes on."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let all connections fall silent, as a firewall that drops does; new ones are taken."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        assert self._sshd
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._sshd.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if child.name() == "sshd":
                        os.kill(child.pid, number)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _lay_out(self) -> None:
        etc = self.folder / "etc"
        for made in (
            etc / "ssh",
            etc / "kubernetes",
            etc / "rancher",
            etc / "origin",
            self.kubernetes,
            self.folder / "rancher",
            self.folder / "origin",
            self.folder / "certificates",
            self.folder / "usr" / "bin",
            self.folder / "usr" / "local" / "bin",
            self.folder / "var" / "lib",
            self.folder / "var" / "log",
        ):
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o755)
        etc.chmod(0o755)
        (self.folder / "var" / "tmp").mkdir()
        for name, script in self.programs.items():
            for folder in ("bin", "local/bin"):  # this machine may have one of that name in either
                (self.folder / "usr" / folder / name).write_text(script)
                (self.folder / "usr" / folder / name).chmod(0o755)
        users = "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in IDS.items())
        shadow = "".join(f"{name}:*:20000:0:99999:7:::\n" for name in ("root", *IDS))
        (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n" + users)
        (etc / "group").write_text("root:x:0:\n" + "".join(f"{name}:x:{number}:\n" for name, number in IDS.items()))
        (etc / "shadow").write_text(shadow)
        (etc / "shadow").chmod(0o640)
        (etc / "sudoers").write_text(
            f"root ALL=(ALL) ALL\n{OPS} ALL=(root) NOPASSWD: /bin/sh\n{DOCKER} ALL=(ALL) NOPASSWD: ALL\n"
        )
        (etc / "sudoers").chmod(0o440)
        (etc / "ssh" / "authorized_keys").write_bytes(self.key.export_public_key())
        own = asyncssh.generate_private_key("ssh-ed25519")
        own.write_private_key(self.folder / "host_key")
        (self.folder / "host_key").chmod(0o600)
        self.host_key = " ".join(own.export_public_key().decode().split()[:2])
        settings = SSHD.format(node=self.folder, port=self.port, forwarding="yes" if self.forwarding else "no")
        (self.folder / "sshd_config").write_text(settings)
