"""What a stack of kind rke becomes, and what `up` would do to its cluster."""

from collections.abc import Callable
from threading import Event

import pulumi

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config.platforms.rke import RkePlatform
from k8s_audit.config.reach import reach
from k8s_audit.config.ssh import PRIVATE_KEY
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import render_webhook, secrets_in, with_authority
from k8s_audit.platforms.rke.change import RkeChange, RkeCluster, Wanted, opened
from k8s_audit.platforms.rke.cluster_file import LOG_PATH, paths
from k8s_audit.platforms.rke.component import RkeAudit, RkeAuditArgs
from k8s_audit.platforms.ssh_key import with_key
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
    args: RkeAuditArgs = {
        "settings": stack.platform.model_dump(by_alias=True, exclude={"kind"}, exclude_unset=True),
        "receiver": endpoint,
        "kubeconfig": placement.kubeconfig,
        "policy": render_policy(stack.policy.load()),
        "delivery": stack.delivery.model_dump(by_alias=True, exclude_unset=True),
    }
    with_key(args)
    audit = RkeAudit(stack.cluster.name, args, options)
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
        say: is told what rke says.

    Returns:
        what is changed, and the changes.

    Raises:
        ConflictError, DeliveryError, HostError, ToolError: why it would fail.
    """
    platform = stack.platform
    assert isinstance(platform, RkePlatform)
    key = secret(PRIVATE_KEY) if PRIVATE_KEY in stack.secrets else None
    hosts = {host.in_file: reach(host, key) for host in platform.hosts}
    file = opened(platform.file())
    flags = stack.delivery.flags(LOG_PATH).within(endpoint.body_limit, endpoint.event_limit)
    arguments = flags.arguments(*paths(platform.folder))
    there = next(iter(hosts.values())).read(arguments["audit-webhook-config-file"])
    webhook = render_webhook(with_authority(endpoint, there))
    timeout = seconds(platform.up_timeout)
    cluster = RkeCluster(file, hosts, timeout, platform.ssh_agent_auth, Event(), say, secrets_in(webhook))
    contract = contract_of(webhook, arguments, say)
    wanted = Wanted(render_policy(stack.policy.load()), webhook, arguments, platform.adopt, contract)
    return f"cluster file {file.path} of RKE", RkeChange(cluster).plan(wanted)
