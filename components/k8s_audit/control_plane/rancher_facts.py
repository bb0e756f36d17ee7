"""How RKE2 and K3s differ, and which of their versions have what; by the minor version of Kubernetes.

Configuration files: https://docs.rke2.io/install/configuration, https://docs.k3s.io/installation/configuration; `key+` since
https://github.com/k3s-io/k3s/pull/3229 (April 2021), RKE2's key for the pod's environment since August 2021.
"""

from dataclasses import dataclass

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
