"""Pulumi's Google Cloud SDK, an extra of the wheel: the provider of a GKE stack, and what it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from k8s_audit.errors import CloudError, ToolError
from k8s_audit.extras import sdk_module
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.session import MISSING, Access


def sdk(module: str) -> Any:
    """A module of pulumi_gcp, such as `pubsub`; loaded when it is first needed, since it is large.

    Raises:
        ToolError: the extra is not installed.
    """
    return sdk_module("pulumi_gcp", module, MISSING)


@dataclass(frozen=True)
class Cluster:
    """What is looked up of a cluster.

    Args:
        endpoint: the API server's URL.
        network: as `projects/<project>/global/networks/<name>`.
        pool: the workload identity pool; empty: the cluster has none.
        private: some of its nodes have private addresses only.
        control_plane: the range of its control plane's addresses; empty on newer clusters, and on those that are not private.
        node_tags: network tags that all of its nodes have, or else those of which each has one; empty: there are none.
    """

    endpoint: str
    network: str
    pool: str
    private: bool
    control_plane: str
    node_tags: tuple[str, ...]


def cluster(id: ClusterId, options: pulumi.InvokeOptions) -> Cluster:
    """Look a cluster up at once, so that one that is not there stops all before anything is made.

    Args:
        id: which one.
        options: whose provider asks.

    Raises:
        CloudError: it is not there, or may not be read.
    """
    found = _asked(
        f"cluster {id.name}",
        lambda: sdk("container").get_cluster(name=id.name, location=id.location, project=id.project, opts=options),
    )
    network = str(found.network)
    private = _first(found.private_cluster_configs)
    pool = _first(found.workload_identity_configs)
    return Cluster(
        _endpoint(found),
        network if "/" in network else f"projects/{id.project}/global/networks/{network}",
        pool.workload_pool if pool else "",
        bool(private and private.enable_private_nodes) or any(_is_private(each) for each in found.node_pools or []),
        (private.master_ipv4_cidr_block if private else "") or "",
        _tags(found),
    )


def project_number(project: str, options: pulumi.InvokeOptions) -> str:
    """The number of a project, which IAM knows it by.

    Args:
        project: its ID.
        options: whose provider asks.

    Raises:
        CloudError: it is not there, or may not be read.
    """
    found = _asked(f"project {project}", lambda: sdk("organizations").get_project(project_id=project, opts=options))
    return str(found.number)


def provider(access: Access, project: str) -> pulumi.ProviderResource:
    """The Pulumi provider of a stack.

    Args:
        access: who asks.
        project: where what is not said to be elsewhere lies.
    """
    made: pulumi.ProviderResource = sdk("provider").Provider(
        "gcp",
        project=project,
        credentials=access.credentials,
        impersonate_service_account=access.impersonate,
    )
    return made


def _asked(what: str, ask: Any) -> Any:
    try:
        return ask()
    except ToolError:
        raise
    except Exception as error:  # the SDK's only kind for a refused invoke
        told = str(error)
        raise CloudError(f"{what}: {told.rpartition('returned an error: ')[2] or told}") from None


def _endpoint(found: Any) -> str:
    """By its address, or by its name in DNS where addresses are switched off."""
    if found.endpoint:
        return f"https://{found.endpoint}"
    endpoints = _first(found.control_plane_endpoints_configs)
    named = _first(endpoints.dns_endpoint_configs) if endpoints else None
    return f"https://{named.endpoint}" if named else ""


def _is_private(node_pool: Any) -> bool:
    return any(config.enable_private_nodes for config in node_pool.network_configs or [])


def _tags(found: Any) -> tuple[str, ...]:
    """Autopilot's nodes have those of the cluster; others those of their pool."""
    auto = _first(found.node_pool_auto_configs)
    tags = _first(auto.network_tags) if auto else None
    if found.enable_autopilot:
        return tuple(sorted(tags.tags)) if tags else ()
    pools = [
        {tag for config in pool.node_configs or [] for tag in config.tags or []} for pool in found.node_pools or []
    ]
    if not pools or not all(pools):
        return ()
    return tuple(sorted(set.intersection(*pools) or set.union(*pools)))


def _first(values: Sequence[Any] | None) -> Any:
    return values[0] if values else None
