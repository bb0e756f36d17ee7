"""`kind: minikube`: a cluster of one machine, whose files and flags minikube writes anew at each start."""

import os
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import Duration
from k8s_audit.config.platforms.created import OwnPath
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.ssh import KNOWN_HOSTS
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.faults import spelled

LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
ProfileName = Annotated[str, StringConstraints(pattern=rf"^({LABEL}\.)*{LABEL}$", min_length=2, max_length=63)]
"""https://github.com/kubernetes/minikube/blob/v1.36.0/pkg/minikube/config/profile.go (ProfileNameValid)."""
HOME = "MINIKUBE_HOME"
FOLDER = ".minikube"
STDOUT = "-"


class MinikubePlatform(PlatformConfig):
    """minikube: the running node is changed over SSH, and the profile so that each start keeps it."""

    needs_kubeconfig: ClassVar[bool] = True
    kind: Literal["minikube"]
    profile: ProfileName = "minikube"
    """As `minikube profile list` prints it."""
    home: OwnPath | None = None
    """minikube's folder; default: `$MINIKUBE_HOME` as minikube takes it, else ~/.minikube."""
    known_hosts: str = KNOWN_HOSTS
    """A file with the node's SSH host key, for drivers other than docker, which tells it itself."""
    adopt: bool = False
    """Take over audit flags that are there already, with other values; destroy puts them back."""
    restart_timeout: Duration = "4m"
    """For one restart of the API server."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API server, such as `1.34`, where it is older than what is set up today."""

    def folder(self) -> Path:
        """minikube's folder, as minikube itself finds it: https://github.com/kubernetes/minikube/blob/v1.36.0/pkg/minikube/localpath/localpath.go."""
        if self.home:
            return Path(self.home).expanduser()
        given = Path(os.environ.get(HOME) or Path.home())
        return given if given.name == FOLDER else given / FOLDER

    def log_path(self) -> str | None:
        """See PlatformConfig: a start writes the manifest without mounts of ours."""
        return STDOUT

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig."""
        if delivery.log.path in (None, STDOUT):
            return []
        return [
            f"audit:delivery.log.path: {spelled(delivery.log.path)}; allowed: {spelled(STDOUT)}, the container's output, since minikube mounts no folder"
            " of its node into the API server that this one may write"
        ]

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        return [
            f"minikube: policy and webhook file lie in {self.folder() / 'files'} too, so that a start puts them on the node, and minikube puts them on the"
            " nodes of each other profile as well"
        ]
