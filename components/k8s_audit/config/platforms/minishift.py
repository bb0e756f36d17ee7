"""`kind: minishift`: OpenShift 3.11 in one virtual machine, which MiniShift made."""

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, StringConstraints

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import Duration
from k8s_audit.config.platforms.created import OwnPath
from k8s_audit.config.platforms.hosts import api_server_url
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.ssh import KNOWN_HOSTS
from k8s_audit.control_plane.master_server import INSIDE
from k8s_audit.faults import spelled

NAME = "minishift"
ProfileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,63}$")]
"""https://github.com/minishift/minishift/blob/master/cmd/minishift/cmd/root.go (invalidProfileName)."""
HOME = "MINISHIFT_HOME"
FOLDER = ".minishift"
STDOUT = "-"


class MinishiftPlatform(PlatformConfig):
    """MiniShift: its virtual machine is changed over SSH, and `minishift openshift restart` brings it into force."""

    needs_kubeconfig: ClassVar[bool] = True
    kind: Literal["minishift"]
    profile: ProfileName = NAME
    """As `minishift profile list` prints it."""
    home: OwnPath | None = None
    """MiniShift's folder; default: `$MINISHIFT_HOME`, else ~/.minishift."""
    api_server: Annotated[str, AfterValidator(api_server_url)] | None = None
    """The API server's own URL; default: port 8443 of what `minishift ip` prints."""
    known_hosts: str = KNOWN_HOSTS
    """A file with the virtual machine's SSH host key."""
    adopt: bool = False
    """Take over audit flags that are there already, with other values; destroy puts them back."""
    restart_timeout: Duration = "10m"
    """For `minishift openshift restart`, and then for the API server."""
    kubernetes_version: Literal["1.11"] = "1.11"
    """What OpenShift 3.11 is."""

    def folder(self) -> Path:
        """MiniShift's folder, as it finds it itself:
        https://github.com/minishift/minishift/blob/master/pkg/minikube/constants/constants.go."""
        given = self.home or os.environ.get(HOME)
        return Path(given).expanduser() if given else Path.home() / FOLDER

    def own_api_servers(self) -> Sequence[str | None]:
        """See PlatformConfig."""
        return [self.api_server]

    def log_path(self) -> str | None:
        """See PlatformConfig."""
        return f"{INSIDE}/k8s-audit-log/audit.log"

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig."""
        path = delivery.log.path
        if path in (None, STDOUT) or posixpath.normpath(str(path)).startswith(f"{INSIDE}/"):
            return []
        return [
            f"audit:delivery.log.path: {spelled(path)}; allowed: {spelled(STDOUT)}, the container's output, or a file below {INSIDE}, which its container has"
        ]
