"""How RKE2 and K3s differ, where their things are, and which of their versions have what; by the minor version of Kubernetes.

Configuration files: https://docs.rke2.io/install/configuration, https://docs.k3s.io/installation/configuration; `key+` since
https://github.com/k3s-io/k3s/pull/3229 (April 2021), RKE2's key for the pod's environment since August 2021.
"""

from dataclasses import dataclass

from k8s_audit.control_plane import rancher_config

DROP_IN = "99-k8s-audit.yaml"
OLDEST, DROP_INS, NEWEST = 19, 22, 36
"""The first with a configuration file, the first whose every release has drop-ins that add, the last that was looked at."""


@dataclass(frozen=True)
class Distribution:
    """What differs. `own_pod`: the API server is a process of its own, which a static pod of the distribution's runs."""

    name: str
    program: str
    agent: str
    own_pod: bool


DISTRIBUTIONS = {
    "rke2": Distribution("RKE2", "rke2", "rke2-agent", own_pod=True),
    "k3s": Distribution("K3s", "k3s", "k3s-agent", own_pod=False),
}


@dataclass(frozen=True)
class RancherPlace:
    """Where a distribution's things are on a host.

    Args:
        distribution: what it is.
        api_server: the API server's own URL.
        service: the server's unit of systemd.
        config_file: its config.yaml.
        state_folder: what the host remembers of us.
        drop_in: write a file of our own beside it; else edit that one.
    """

    distribution: Distribution
    api_server: str
    service: str
    config_file: str
    state_folder: str
    drop_in: bool

    @property
    def file(self) -> str:
        """The file that an edit changes."""
        return rancher_config.drop_in_path(self.config_file, DROP_IN) if self.drop_in else self.config_file
