"""Placing one receiver of a stack: what its module's `place` is given, and what it yields."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi

from k8s_audit.receivers.args import ReceiverArgs

Outputs = dict[str, pulumi.Input[Any]]


@dataclass(frozen=True)
class Placement:
    """What is around a receiver.

    Args:
        folder: where the stack keeps what runs on this machine.
        cluster: the cluster's name.
        kubeconfig: path of the cluster's.
        kubernetes: the Pulumi provider of the cluster; made when it is first asked for.
        secret: the value of one of the stack's secret keys.
    """

    folder: Path
    cluster: str
    kubeconfig: str
    kubernetes: Callable[[], pulumi.ProviderResource]
    secret: Callable[[str], pulumi.Output[str]]


@dataclass(frozen=True)
class Placed:
    """What a receiver has become.

    Args:
        endpoint: how audit events reach it; None: it takes AdmissionReviews, by a webhook that its chart registers.
        outputs: what the stack exports of it.
        admission_webhooks: names of the webhooks that its chart registers, as the API server's metrics name them.
        resources: what must be there before events are sent.
    """

    endpoint: ReceiverArgs | None
    outputs: Outputs = field(default_factory=dict)
    admission_webhooks: tuple[str, ...] = ()
    resources: tuple[pulumi.Resource, ...] = ()
