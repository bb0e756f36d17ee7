"""The charts that this package is tested with: version and repository."""

from dataclasses import dataclass
from types import MappingProxyType

SYSDIG = "https://charts.sysdig.com"
FALCO = "https://falcosecurity.github.io/charts"


@dataclass(frozen=True)
class Pinned:
    """One chart.

    Args:
        version: the one that is installed unless the stack names another.
        repository: its publisher's.
    """

    version: str
    repository: str


PINNED = MappingProxyType(
    {
        "shield": Pinned("1.49.4", SYSDIG),
        "cluster-shield": Pinned("1.24.1", SYSDIG),
        "admission-controller": Pinned("0.18.1", SYSDIG),
        "agent": Pinned("2.10.2", SYSDIG),
        "sysdig-deploy": Pinned("1.116.5", SYSDIG),
        "falco": Pinned("9.1.0", FALCO),
        "event-generator": Pinned("0.4.0", FALCO),
    }
)
