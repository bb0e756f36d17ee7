"""One SSH connection a host, kept for the life of this process, made anew after a cut; commands run on it one by one.

asyncssh does the protocol, in an event loop of its own thread: https://asyncssh.readthedocs.io/
"""

import asyncio
import os
import shlex
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import asyncssh

from k8s_audit.control_plane.ssh_access import SshAccess, SshServer
from k8s_audit.control_plane.ssh_host_keys import Verifier
from k8s_audit.errors import HostError

T = TypeVar("T")
COMMAND_TIMEOUT = 90.0
"""Seconds for one command; the longest waits for a receiver's answer."""
PAUSE = 1.0
"""Seconds before a connection that was cut is tried again."""
ROOT = ("sudo", "-n", "--")
SHELL = "/bin/sh"


@dataclass(frozen=True)
class Done:
    """A command that ran to its end; `error` is what it said last on its standard error."""

    status: int
    output: bytes
    error: str


class _CutError(Exception):
    """The connection was lost, before or while a command ran."""


class Connection:
    """A connection to one host, made at its first command.

    Args:
        access: the way to it.
    """

    def __init__(self, access: SshAccess) -> None:
        """Nothing is connected yet."""
        self.access = access
        self._lock = threading.Lock()
        self._open: list[asyncssh.SSHClientConnection] = []
        self._was_open = False

    def run(self, script: str, arguments: tuple[str, ...], content: bytes = b"") -> Done:
        """Run a script; what a cut leaves open is run again, so that it must not matter whether it ran before.

        Args:
            script: for sh.
            arguments: its `$1`, …; no secret, since each user of the host can read them.
            content: its standard input.

        Raises:
            HostError: the host cannot be reached, or refuses us or sudo, or the script does not end.
        """
        root = ROOT if self.access.sudo else ()
        command = shlex.join([*root, SHELL, "-c", script, "k8s-audit", *arguments])
        with self._lock:
            deadline: float | None = None
            while True:
                try:
                    return _in_loop(self._run(command, content))
                except _CutError as error:
                    self._close()
                    now = time.monotonic()
                    deadline = deadline or now + self.access.reconnect_timeout
                    if not self._was_open or now > deadline:
                        raise HostError(f"host {self.access.name}: {self._lost(error)}") from None
                except HostError:
                    self._close()  # else the next command would run on half of a way, such as the jump host
                    raise
                time.sleep(PAUSE)

    def _lost(self, error: _CutError) -> str:
        if not self._was_open:
            return str(error)
        return (
            f"the connection was cut, and does not come back within {self.access.reconnect_timeout:g} s: {error}."
            " What was under way there is finished or taken back by the next `up`"
        )

    async def _run(self, command: str, content: bytes) -> Done:
        connection = await self._connected()
        given: dict[str, Any] = {"input": content} if content else {"stdin": asyncssh.DEVNULL}
        try:
            done = await connection.run(command, encoding=None, timeout=COMMAND_TIMEOUT, **given)
        except asyncssh.TimeoutError:
            raise HostError(f"host {self.access.name}: a command did not end within {COMMAND_TIMEOUT:.0f} s") from None
        except (asyncssh.Error, OSError) as error:
            raise _CutError(_reason(error)) from None
        if done.exit_signal:
            raise HostError(f"host {self.access.name}: a command was ended by the signal {done.exit_signal[0]}")
        if done.exit_status is None:
            raise _CutError("the connection ended within a command")
        output = done.stdout if isinstance(done.stdout, bytes) else b""
        return Done(done.exit_status, output, _last_line(done.stderr))

    async def _connected(self) -> asyncssh.SSHClientConnection:
        """The open connection; a new one is tried whether it has what is needed before anything else runs on it."""
        if self._open and not self._open[-1].is_closed():
            return self._open[-1]
        jump = await self._connect(self.access.jump, None) if self.access.jump else None
        connection = await self._connect(self.access.server, jump)
        await self._try_sudo(connection)
        self._was_open = True
        return connection

    async def _connect(
        self, server: SshServer, tunnel: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        verifier = Verifier(server)
        host = f"host {self.access.name}: {'jump host ' if server is self.access.jump else ''}{server}"
        try:
            made = await asyncssh.connect(
                server.address,
                server.port,
                username=server.user,
                tunnel=tunnel,
                config=None,
                known_hosts=verifier.known_hosts(),
                client_factory=lambda: verifier,
                keepalive_interval=self.access.keep_alive,
                connect_timeout=self.access.connect_timeout,
                login_timeout=self.access.connect_timeout,
                preferred_auth="publickey",
                compression_algs=["zlib@openssh.com", "none"],  # the largest body that is tried is white space
                gss_host=None,
                **self._keys(),
            )
        except asyncssh.HostKeyNotVerifiable as error:
            raise HostError(f"{host}: {verifier.refusal(error)}") from None
        except asyncssh.PermissionDenied:
            raise HostError(f"{host} refuses us: {self._what_was_offered()}") from None
        except asyncssh.KeyImportError as error:
            raise HostError(f"{host}: audit:sshPrivateKey cannot be used: {error}") from None
        except asyncssh.ChannelOpenError as error:
            raise _CutError(
                f"jump host {self.access.jump} lets nothing through to {server}: {_reason(error)}; AllowTcpForwarding there?"
            ) from None
        except (asyncssh.Error, OSError) as error:
            hint = verifier.hint() if isinstance(error, asyncssh.ConnectionLost) else ""
            raise _CutError(f"{server} cannot be reached: {_reason(error)}{hint}") from None
        self._open.append(made)
        return made

    async def _try_sudo(self, connection: asyncssh.SSHClientConnection) -> None:
        if not self.access.sudo:
            return
        user = self.access.server.user
        try:
            tried = await connection.run(
                shlex.join([*ROOT, SHELL, "-c", "exit 0"]),
                encoding=None,
                stdin=asyncssh.DEVNULL,
                timeout=self.access.connect_timeout,
            )
        except (asyncssh.Error, OSError) as error:
            raise _CutError(_reason(error)) from None
        if tried.exit_status is None:
            raise _CutError("the connection ended within sudo")
        if tried.exit_status:
            raise HostError(
                f"host {self.access.name}: `sudo -n {SHELL}` is refused to {user}: {_last_line(tried.stderr)}. Allow it without"
                f" a password: put the line `{user} ALL=(root) NOPASSWD: {SHELL}` into /etc/sudoers.d/k8s-audit there"
            )

    def _keys(self) -> dict[str, Any]:
        """The one key that was given; else asyncssh takes the agent's, and those in ~/.ssh."""
        if self.access.private_key is None:
            return {}
        return {"client_keys": [asyncssh.import_private_key(self.access.private_key)], "agent_path": None}

    def _what_was_offered(self) -> str:
        if self.access.private_key is not None:
            return "the key in audit:sshPrivateKey is not among its authorized keys"
        return (
            "neither a key of the SSH agent ($SSH_AUTH_SOCK) nor one in ~/.ssh is among its authorized keys; or set one with"
            " `pulumi config set --secret sshPrivateKey`"
        )

    def _close(self) -> None:
        for connection in reversed(self._open):
            _in_loop(_abort(connection))
        self._open.clear()


def connection(access: SshAccess) -> Connection:
    """The one connection of this process to a host."""
    with _ONE:
        return _connection(access)


_ONE = threading.Lock()
"""The engine asks for several hosts at once, each in a thread of its own; `cache` alone would make two of one."""
_connection = cache(Connection)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="ssh", daemon=True).start()
    return loop


def _in_loop(work: Coroutine[Any, Any, T]) -> T:
    with _ONE:
        loop = _loop()
    return asyncio.run_coroutine_threadsafe(work, loop).result()


async def _abort(connection: asyncssh.SSHClientConnection) -> None:
    connection.abort()


def _reason(error: Exception) -> str:
    """Why, on one line."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and (error.errno or error.strerror):
        return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
    return " ".join(str(error).split()) or type(error).__name__


def _last_line(text: bytes | str | None) -> str:
    lines = (text if isinstance(text, str) else (text or b"").decode("utf-8", "replace")).strip().splitlines()
    return lines[-1].strip() if lines else ""
