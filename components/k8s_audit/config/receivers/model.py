"""What the models of all receivers share: a name, what they take, and what they need."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from k8s_audit.config.model import ConfigModel, Name

Takes = Literal["events", "reviews"]
"""`events`: audit events of the API server. `reviews`: AdmissionReviews, through a webhook that its chart registers."""


class ReceiverConfig(ConfigModel):
    """One entry of `audit:receivers`. A kind's model adds `kind` and what is its own."""

    in_cluster: ClassVar[bool] = False
    """Whether it runs in the cluster, and so needs `audit:cluster.kubeconfig` and nodes."""
    kind: str
    name: Name

    def takes(self) -> Takes:
        """What it takes, as it is configured."""
        return "events"

    def secrets(self) -> frozenset[str]:
        """The secret keys of the stack that it needs, such as `sysdigAccessKey`."""
        return frozenset()

    def secret_faults(self, known: Mapping[str, str]) -> list[str]:
        """What is wrong with the values of its secret keys, one line a fault that shows none of them.

        Args:
            known: those values that can be told; a command knows none of them.
        """
        return []

    def ports(self) -> dict[str, int]:
        """The TCP ports on this machine that it listens on, by their key."""
        return {}

    def warnings(self) -> list[str]:
        """What a preview says about it: what it cannot see, what is risky."""
        return []
