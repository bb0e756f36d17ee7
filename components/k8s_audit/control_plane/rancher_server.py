"""An API server that RKE2 or K3s starts: the distribution's configuration is what is edited, and its service's restart is what
brings it into force. RKE2 runs the API server as a static pod of its own making; in K3s it is a part of the service's process, whose
log alone tells the arguments. Edits are `rancher_config.py`'s.

Sources: https://github.com/rancher/rke2 pkg/executor/staticpod, https://github.com/k3s-io/k3s pkg/daemons/control/server.go
"""

import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from threading import Event

from k8s_audit.control_plane import health, rancher_config, settings_yaml, systemd
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.host import Credentials, Host, Process
from k8s_audit.control_plane.journal import Record
from k8s_audit.control_plane.local_host import LOG_LINES
from k8s_audit.control_plane.rancher_config import POLICY, Files, Setting
from k8s_audit.control_plane.rancher_facts import DROP_INS, NEWEST, OLDEST, RancherPlace
from k8s_audit.control_plane.service_file import ServiceFile
from k8s_audit.control_plane.static_pod import CONTAINER, LOG_FLAGS, log_folder
from k8s_audit.control_plane.undo_note import undo_service
from k8s_audit.errors import ConflictError, HostError

WEBHOOK = "audit-webhook-config-file"
RUNNING = re.compile(r"Running kube-apiserver ((?:--\S+ ?)+)")
"""In K3s' log; its own process hides its arguments."""
JOURNAL = 20_000
"""Lines of a new process's log in which that one is looked for."""
VERSION = re.compile(r"version v1\.(\d+)\.")


class RancherServer:
    """See `edit.Server`. A file that is not there and an empty one are the same.

    Args:
        host: where it runs.
        place: where its things are.
        say: shows a line to the user.
    """

    def __init__(self, host: Host, place: RancherPlace, say: Callable[[str], None]) -> None:
        """Nothing is touched yet."""
        self.host, self.place, self.say, self.path = host, place, say, place.file
        self.distribution = place.distribution
        self.file = ServiceFile(host, place.file, place.state_folder, self._restart)
        self._others: Files | None = None
        self._arguments: dict[tuple[int, float], tuple[str, ...]] = {}

    def read(self) -> bytes | None:
        """See Server."""
        self._others = None
        return self.host.read(self.path) or b""

    def current(self) -> bytes:
        """See Server."""
        if not self._unit().there:
            agent = systemd.unit(self.host, self.distribution.agent)
            why = (
                f"it runs {self.distribution.agent}, and an agent node has no API server; name server nodes alone"
                if agent.there
                else f"there is no service {self.place.service}, so no {self.distribution.name} server; set another host, or its service"
            )
            raise HostError(f"host {self.host.name}: {why}")
        return self.read() or b""

    def check(self, current: bytes, policy: str) -> None:
        """See Server."""
        name, command = self.host.name, self._unit().arguments
        given = rancher_config.of_command_line(command, "")
        for key in ("config", "c"):
            if key in given and given[key][-1].value != self.place.config_file:
                raise HostError(
                    f"host {name}: service {self.place.service} reads {given[key][-1].value}, not {self.place.config_file}; set"
                    " configFile to it"
                )
        if self._value(current, "disable-apiserver", "false") == "true":
            raise HostError(f"host {name}: disable-apiserver is set, so it has no API server; take it out of the hosts")
        later = rancher_config.dropped_by(self._files(current), self.path, (rancher_config.ARGUMENTS, POLICY))
        if later:
            raise ConflictError(
                f"host {name}: {later.source} comes after {self.path} and sets {later.value} anew, so that ours would be dropped; write"
                f" {rancher_config.ARGUMENTS}+ there, or give the file an earlier name"
            )
        self._check_version(command[0] if command else self.distribution.program)
        health.check_ready(self.host, self.place.api_server, self._credentials(current))
        if self.distribution.own_pod and not self._processes():
            raise HostError(
                f"host {name}: there is no kube-apiserver with {self._port()}; set apiServer to its own port"
            )

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        """See Server."""
        return {name: setting.value for name, setting in self._settings(text).items()}

    def turn_on(self, base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
        """See Server; nothing is ever taken over, since the flags of other files are theirs."""
        here = self._settings(base)
        missing = {name: value for name, value in wanted.items() if name not in here}
        for name, value in sorted(wanted.items()):
            if name in here and here[name].value != value and not name.startswith(LOG_FLAGS):
                raise ConflictError(
                    f"host {self.host.name}: {here[name].source} already has {name}={here[name].value}, and we would set {value}."
                    " Remove it there; the relay, which will feed both as receivers, is not built yet"
                )
        own_keys = self.distribution.own_pod and self.place.drop_in
        return rancher_config.turn_on(base, missing, digest, drop_in=self.place.drop_in, own_keys=own_keys)

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        """See Server."""
        return rancher_config.turn_off(text, ours)

    def reformat(self, text: bytes) -> bytes:
        """See Server."""
        return rancher_config.reformat(text)

    def has(self, text: bytes, ours: Ours) -> bool:
        """See Server."""
        return settings_yaml.has_digest(text)

    def folders(self, text: bytes) -> list[str]:
        """See Server."""
        return [posixpath.dirname(self.path), *log_folder(self.audit_arguments(text))]

    def put(self, text: bytes) -> None:
        """See Server."""
        self.file.put(text)
        self._others = None

    def in_force(self) -> bool:
        """See Server."""
        return self.file.in_force()

    def running(self, text: bytes) -> list[tuple[int, float]]:
        """See Server."""
        return [process.identity for process in self._processes()]

    def wait(self, text: bytes, not_these: Collection[tuple[int, float]], timeout: float, stop: Event) -> None:
        """See Server."""
        wanted, credentials = self.audit_arguments(text), self._credentials(text)
        crashes = systemd.Crashes(self.host, self.place.service)

        def running() -> list[Process]:
            crashes.look(self._unit())
            return self._processes()

        health.watch(
            self.host.name,
            running=running,
            new=lambda process: process.identity not in not_these and self._has(process, wanted),
            ready=lambda: health.is_ready(self.host, self.place.api_server, credentials),
            timeout=timeout,
            stop=stop,
        )

    def log(self) -> list[str]:
        """See Server."""
        own = self.host.api_server_log() if self.distribution.own_pod else []
        return own or systemd.log(self.host, self.place.service, LOG_LINES)

    def undo_note(self, record: Record, state_folder: str) -> str:
        """See Server."""
        return undo_service(record, state_folder, self.place.service)

    def _restart(self) -> None:
        if self._unit().there:
            systemd.restart(self.host, self.place.service)

    def _unit(self) -> systemd.Unit:
        return systemd.unit(self.host, self.place.service)

    def _files(self, text: bytes) -> Files:
        """All configuration files, ours with the given content."""
        if self._others is None:
            folder = f"{self.place.config_file}.d"
            names = self.host.run("ls", "-1", folder).text.splitlines()
            paths = [self.place.config_file, *(posixpath.join(folder, n) for n in rancher_config.drop_ins(names))]
            if self.path not in paths:
                paths = [paths[0], *sorted([*paths[1:], self.path], key=str.encode)]
            self._others = [(path, b"" if path == self.path else self.host.read(path) or b"") for path in paths]
        return [(path, text if path == self.path else content) for path, content in self._others]

    def _settings(self, text: bytes) -> dict[str, Setting]:
        files = rancher_config.merged(self._files(text))
        service = f"the command line of service {self.place.service}"
        for key, values in rancher_config.of_command_line(self._unit().arguments, service).items():
            files[key] = files.get(key, []) + values
        return rancher_config.audit_settings(files, self.distribution.own_pod)

    def _value(self, text: bytes, key: str, default: str) -> str:
        line = rancher_config.of_command_line(self._unit().arguments, "").get(key, [])
        if line:
            return line[-1].value or "true"
        values = rancher_config.merged(self._files(text)).get(key, [])
        return values[-1].value if values else default

    def _credentials(self, text: bytes) -> Credentials:
        """The administrator's of the server itself."""
        data = self._value(text, "data-dir", f"/var/lib/rancher/{self.distribution.program}")
        folder = posixpath.join(data, "server", "tls")
        return Credentials(f"{folder}/server-ca.crt", f"{folder}/client-admin.crt", f"{folder}/client-admin.key")

    def _port(self) -> str:
        return f"--secure-port={self.place.api_server.rpartition(':')[2]}"

    def _processes(self) -> list[Process]:
        if self.distribution.own_pod:
            port = self._port()
            return [process for process in self.host.processes(CONTAINER) if port in process.arguments]
        return systemd.processes(self._unit())

    def _has(self, process: Process, wanted: Mapping[str, str]) -> bool:
        """Whether a process has all wanted audit flags, and a webhook only if one is wanted."""
        pairs = (argument.partition("=") for argument in process.arguments or self._logged(process))
        here = {name.removeprefix("--"): value for name, _, value in pairs}
        if not here or here.get(WEBHOOK) != wanted.get(WEBHOOK):
            return False
        return all(here.get(name) == value for name, value in wanted.items())

    def _logged(self, process: Process) -> tuple[str, ...]:
        """The arguments that K3s has logged; none as long as it has not."""
        if process.identity not in self._arguments:
            lines = systemd.log(self.host, self.place.service, JOURNAL, process.pid)
            found = [match for line in lines if (match := RUNNING.search(line))]
            if not found:
                return ()
            self._arguments[process.identity] = tuple(found[-1][1].rstrip('" ').split())
        return self._arguments[process.identity]

    def _check_version(self, program: str) -> None:
        done = self.host.run(program, "--version")
        found = VERSION.search(done.text)
        what = f"host {self.host.name}: {self.distribution.name}"
        if not found:
            self.say(f"{what}: `{program} --version` tells no version; it is taken for one of today")
            return
        minor = int(found[1])
        if minor < OLDEST:
            raise HostError(f"{what} 1.{minor} has no configuration file; 1.{OLDEST} is the oldest that has one")
        if minor > NEWEST:
            self.say(f"{what} 1.{minor} is newer than what was looked at, 1.{NEWEST}")
        if self.place.drop_in and minor < DROP_INS:
            raise HostError(
                f"{what} 1.{minor} may not add what is in config.yaml.d, 1.{DROP_INS} does; set audit:platform.kubernetesVersion:"
                f' "1.{minor}", and config.yaml itself is edited'
            )
