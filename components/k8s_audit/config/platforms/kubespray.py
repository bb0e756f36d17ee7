"""`kind: kubespray`: a cluster of kubeadm's whose configuration Kubespray writes, from the variables of an inventory."""

import os
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from k8s_audit.config.platforms.kubeadm import KubeadmHosts


class KubesprayPlatform(KubeadmHosts):
    """Hosts as of `kind: kubeadm`, and the inventory that must say the same."""

    kind: Literal["kubespray"]
    inventory: str = Field(min_length=1, max_length=4096)
    """The folder on this machine that has `group_vars`; a relative one starts at the folder of Pulumi.yaml."""
    group: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$")] = "k8s_cluster"
    """The group of hosts whose folder in `group_vars` gets our file; before Kubespray 2.16 it is `k8s-cluster`."""

    def folder(self) -> str:
        """The absolute path of the inventory."""
        return os.path.abspath(os.path.expanduser(self.inventory))
