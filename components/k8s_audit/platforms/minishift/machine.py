"""MiniShift's virtual machine as the control-plane host that it is, reached over SSH with MiniShift's own key; and its command line.

Of a machine's own file: https://github.com/docker/machine/blob/v0.16.2/libmachine/drivers/base.go; what the command does:
https://github.com/minishift/minishift/blob/master/pkg/minishift/openshift/openshift.go
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from k8s_audit.command_line import CommandLineTool, Run
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.platforms.minishift import HOME, NAME
from k8s_audit.control_plane.master_config import NAME as MASTER_CONFIG
from k8s_audit.control_plane.master_server import INSIDE
from k8s_audit.errors import ConfigError, HostError

MINISHIFT = CommandLineTool(
    "minishift",
    ("version",),
    oldest=(1, 30),
    newest=(1, 34),
    mend="https://github.com/minishift/minishift/releases has it",
)
"""1.30 is the first that knows OpenShift 3.11's several containers."""
TIMEOUT = 60.0
"""Seconds for what only asks."""
BASE = "/var/lib/minishift/base/kube-apiserver"
"""The folder of the API server's configuration in the virtual machine; its container has it as INSIDE."""
STATE = "/var/lib/minishift/k8s-audit"
"""On the disk that a stopped machine keeps."""
USER = "docker"
PORT = 22
API_PORT = 8443
VIRTUALBOX = "virtualbox"
"""Its file tells a port of this machine, that leads to the virtual one's."""


@dataclass(frozen=True)
class Machine:
    """A machine of MiniShift.

    Args:
        folder: MiniShift's.
        profile: its name.
    """

    folder: Path
    profile: str

    @property
    def home(self) -> Path:
        """The profile's folder."""
        return self.folder if self.profile == NAME else self.folder / "profiles" / self.profile

    @property
    def file(self) -> Path:
        """What tells how it is reached; it is not there without a machine."""
        return self.home / "machines" / self.profile / "config.json"

    def run(self, timeout: float, **more: Any) -> Run:
        """How MiniShift's command is run."""
        return Run(MINISHIFT, timeout, variables={HOME: str(self.folder)}, **more)

    def arguments(self, *words: str) -> tuple[str, ...]:
        """The arguments of a command about it."""
        return (*words, "--profile", self.profile)

    def host(self, known_hosts: str, api_server: str | None, restart_timeout: str) -> tuple[ReachedHost, str]:
        """The machine as a host, and the key that logs in.

        Args:
            known_hosts: a file with its host key.
            api_server: its API server's URL; None: the usual port of its address.
            restart_timeout: a duration.

        Raises:
            HostError, ToolError: it does not run, or it cannot be told how it is reached.
        """
        MINISHIFT.version()
        address = self.run(TIMEOUT).output(*self.arguments("ip")).strip()
        known, name = self._known(), f"profile {self.profile} of minishift"
        key = Path(known.get("SSHKeyPath") or self.file.parent / "id_rsa")
        given = {
            "access": "ssh",
            "name": self.profile.lower(),
            "address": address,
            "user": known.get("SSHUser") or USER,
            "port": known.get("SSHPort") or PORT,
            "knownHosts": known_hosts,
            "apiServer": api_server or f"https://{address}:{API_PORT}",
            "configFolder": f"{BASE}/k8s-audit",
            "stateFolder": STATE,
            "restartTimeout": restart_timeout,
        }
        try:
            return judge(ReachedHost, "", given), key.read_text("utf-8")
        except ConfigError as error:
            raise HostError(f"what {name} tells of itself cannot be used: {'; '.join(error.faults)}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise HostError(f"{name}: its key {key} cannot be read: {getattr(error, 'strerror', 'no text')}") from None

    def _known(self) -> dict[str, Any]:
        try:
            data = json.loads(self.file.read_text("utf-8"))
            known = dict(data["Driver"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise HostError(
                f"{self.file} cannot be read: {getattr(error, 'strerror', None) or 'no machine of MiniShift'}"
            ) from None
        return known | ({"SSHPort": PORT} if data.get("DriverName") == VIRTUALBOX else {})


def file_paths(folder: str = f"{INSIDE}/k8s-audit") -> tuple[str, str]:
    """The paths of policy and webhook file, as the API server has them in its container."""
    return f"{folder}/policy.yaml", f"{folder}/webhook.yaml"


MASTER = f"{BASE}/{MASTER_CONFIG}"
