"""From a judged configuration to components: the receivers, then the platform that sends to the one that takes events."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

from k8s_audit.config import places
from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.config.registry import API_SERVERS, PLACES, STREAMS
from k8s_audit.config.stack import PROJECT, Stack
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.kubernetes import cluster_provider
from k8s_audit.receivers.placement import Outputs, Placed, Placement
from k8s_audit.resources.proofs import AdmissionCheck


def compose(stack: Stack, folder: Path) -> Outputs:
    """Register the components of a stack.

    Args:
        stack: its configuration, without faults.
        folder: where a stack keeps what runs on this machine.

    Returns:
        the stack's outputs.
    """
    for warning in stack.warnings():
        pulumi.log.warn(warning)
    placement = Placement(
        folder=folder,
        cluster=stack.cluster.name,
        kubeconfig=places.kubeconfig(stack, folder),
        kubernetes=cache(lambda: cluster_provider(stack.cluster.name, places.kubeconfig(stack, folder))),
        secret=pulumi.Config(PROJECT).require_secret,
    )
    placed = [_place(receiver, placement) for receiver in stack.receivers]
    outputs: Outputs = {}
    for one in placed:
        outputs |= one.outputs
    options = pulumi.ResourceOptions(depends_on=[resource for one in placed for resource in one.resources])
    endpoints = [one.endpoint for one in placed if one.endpoint is not None]
    outputs |= _control_plane(stack, endpoints, placement, options)
    checks = [outputs["deliveryChecks"]] if "deliveryChecks" in outputs else []
    api_servers = [outputs.get("apiServer", "")] if stack.streams else _api_servers(stack, folder)
    checks += [
        _admission_check(stack, folder, receiver.name, one, api_servers).checks
        for receiver, one in zip(stack.receivers, placed, strict=True)
        if one.admission_webhooks
    ]
    return outputs | {
        "deliveryChecks": pulumi.Output.all(*checks).apply(lambda lists: [one for each in lists for one in each])
    }


def _control_plane(
    stack: Stack, endpoints: list[ReceiverArgs], placement: Placement, options: pulumi.ResourceOptions
) -> Outputs:
    """The platform's side: a cloud's way out, or the API servers' own, for the one receiver that takes events."""
    kind = stack.platform.kind
    made: Outputs = {"kubeconfig": placement.kubeconfig}
    if stack.streams:
        made = _platform(STREAMS[kind]).place(stack, endpoints, placement, options)
    elif endpoints:
        made = _platform(API_SERVERS[kind]).place(stack, endpoints[0], placement, options)
    return made


def _platform(module: str) -> Any:
    """A module of a platform; no other one is loaded."""
    return import_module(f"k8s_audit.platforms.{module}")


def _api_servers(stack: Stack, folder: Path) -> list[pulumi.Input[str]]:
    return [url or "" for url in places.api_servers(stack, folder)]


def _admission_check(
    stack: Stack, folder: Path, receiver: str, placed: Placed, api_servers: list[pulumi.Input[str]]
) -> AdmissionCheck:
    """The proof for a receiver that takes AdmissionReviews; no API server is changed for it."""
    return AdmissionCheck(
        f"{receiver}-admission",
        api_servers=api_servers,
        kubeconfig=places.kubeconfig(stack, folder),
        receiver=receiver,
        webhooks=list(placed.admission_webhooks),
        timeout=stack.delivery.proof_timeout(),
        opts=pulumi.ResourceOptions(depends_on=list(placed.resources)),
    )


def _place(receiver: ReceiverConfig, placement: Placement) -> Placed:
    placed: Placed = import_module(f"k8s_audit.receivers.{PLACES[receiver.kind]}").place(receiver, placement)
    return placed
