"""Who may reach a receiver's pods."""

from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import NetworkPolicy


def admit(
    name: str,
    namespace: pulumi.Input[str],
    selector: dict[str, str],
    port: int,
    sources: list[str],
    opts: pulumi.ResourceOptions | None = None,
) -> "NetworkPolicy":
    """Admit only these CIDRs to the receiver's port and deny all other ingress to those pods."""
    raise NotImplementedError
