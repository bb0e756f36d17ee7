"""What a stack of kind iks becomes whose API servers send to the receiver themselves, and what `up` would do to the cluster of any."""

from collections.abc import Callable
from dataclasses import replace
from threading import Event

import pulumi

from k8s_audit.audit_policy.coverage import limits_of
from k8s_audit.config import places
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.platforms.iks import IksPlatform
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.forwarder import inlet
from k8s_audit.platforms.iks.api import IksApi, IksPlace
from k8s_audit.platforms.iks.change import IksChange
from k8s_audit.platforms.iks.component import IksAudit
from k8s_audit.platforms.iks.proxy import proxied, webhook_of
from k8s_audit.platforms.stack_args import stack_args
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from k8s_audit.receivers.placement import Outputs, Placement


def place(stack: Stack, endpoint: ReceiverArgs, placement: Placement, options: pulumi.ResourceOptions) -> Outputs:
    """Register it.

    Args:
        stack: the whole configuration.
        endpoint: who takes audit events.
        placement: what is around the receivers: the cluster's kubeconfig.
        options: Pulumi's.
    """
    platform = stack.platform
    assert isinstance(platform, IksPlatform)
    for line in limits_of(platform.kind, platform.audit_policy):
        pulumi.log.warn(line)
    reached = _through_the_proxy(stack, endpoint)
    audit = IksAudit(stack.cluster.name, stack_args(stack, reached, placement), options)
    return {"kubeconfig": placement.kubeconfig, "deliveryChecks": audit.delivery_checks}


def plan(
    stack: Stack, kubeconfig: str, endpoint: ReceiverEndpoint, secret: Callable[[str], str], say: Callable[[str], None]
) -> tuple[str, list[str]]:
    """What `up` would do to the cluster, in words, with nothing changed.

    Args:
        stack: the whole configuration.
        kubeconfig: the path of the cluster's.
        endpoint: who takes audit events.
        secret: the value of one of the stack's secret keys.
        say: is told what is under way.

    Returns:
        what is changed, and the changes.

    Raises:
        CloudError, ConflictError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, IksPlatform)
    where = IksPlace(
        platform.cluster_id,
        platform.api_endpoint,
        platform.iam_endpoint,
        platform.resource_group or "",
        platform.region or "",
    )
    api = IksApi(where, Event())
    reached = replace(endpoint, url=_proxy_url(stack) or endpoint.url)
    wanted = webhook_of(reached, api, kubeconfig, platform.audit_policy)
    changes = IksChange(api, seconds(platform.refresh_timeout), Event(), say).plan(wanted, None, platform.adopt)
    return f"cluster {platform.cluster_id} of IBM Cloud", changes


def _through_the_proxy(stack: Stack, endpoint: ReceiverArgs) -> ReceiverArgs:
    url = _proxy_url(stack)
    if not url:
        return endpoint
    reached = ReceiverArgs(**endpoint)
    reached.pop("ca", None)  # the receiver's own, and its name: the proxy verifies neither
    reached.pop("tls_server_name", None)
    reached["url"] = url
    return reached


def _proxy_url(stack: Stack) -> str:
    """Of the forwarder, or of the receiver that takes events, where it is in the cluster; empty: it is not."""
    if stack.streams and isinstance(stack.forwarder, BentoForwarder):
        return proxied(inlet.address(stack.forwarder))
    taker = next(receiver for receiver in stack.receivers if receiver.takes() == "events")
    return proxied(places.placing(taker).address(taker)) if taker.in_cluster else ""
