"""From where to where a private cluster's control plane must be let in: looked up, or refused with what to set.

GKE's own rule `gke-<cluster>-<hash>-master` lets the control plane in to TCP 443 and 10250 alone:
https://cloud.google.com/kubernetes-engine/docs/concepts/firewall-rules#cluster-fws
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sdk import Cluster
from k8s_audit.platforms.gke.session import Session

HASH = "[0-9a-f]{8}"


@dataclass(frozen=True)
class Way:
    """Whom the firewall lets in, and to whom.

    Args:
        ranges: CIDRs of the control plane.
        tags: network tags of the nodes.
    """

    ranges: tuple[str, ...]
    tags: tuple[str, ...]


def network_project(network: str) -> str:
    """The project that a network lies in: with a shared one, not the cluster's.

    Args:
        network: as `projects/<project>/global/networks/<name>`, or a URL that ends so.
    """
    return network.rpartition("/global/")[0].rpartition("/")[2]


def own_rules(session: Session, id: ClusterId, network: str) -> list[dict[str, Any]]:
    """GKE's own rules for the control planes of clusters of this name in this network.

    Args:
        session: who asks.
        id: which cluster.
        network: its network.

    Raises:
        CloudError: they may not be read.
    """
    project, name = network_project(network), f"gke-{re.escape(id.name)}-{HASH}-master"
    what = f"cluster {id.name}: firewall rules of project {project}"
    found = session.get(what, "compute", f"projects/{project}/global/firewalls", {"filter": f'name eq "{name}"'})
    named = network.rpartition("/")[2]
    return [
        rule
        for rule in found.get("items", [])
        if re.fullmatch(name, rule["name"]) and rule["network"].rpartition("/")[2] == named
    ]


def way(
    id: ClusterId, cluster: Cluster, rules: Sequence[dict[str, Any]], ranges: Sequence[str], tags: Sequence[str]
) -> Way:
    """Where to let the control plane in.

    Args:
        id: which cluster.
        cluster: what was looked up of it.
        rules: GKE's own.
        ranges: CIDRs that the user said; they come first.
        tags: network tags that the user said.

    Raises:
        CloudError: one of both cannot be told; the text says what to set.
    """
    if len(rules) > 1 and cluster.control_plane:
        rules = [rule for rule in rules if cluster.control_plane in rule.get("sourceRanges", [])]
    rule = rules[0] if len(rules) == 1 else {}
    found = Way(
        tuple(ranges or rule.get("sourceRanges") or filter(None, [cluster.control_plane])),
        tuple(tags or rule.get("targetTags") or cluster.node_tags),
    )
    unknown = [
        f"{what}: set firewall.{key}"
        for what, key, known in (
            ("its control plane's range", "controlPlaneRanges", found.ranges),
            ("a network tag of its nodes", "nodeTags", found.tags),
        )
        if not known
    ]
    if unknown:
        count = f"are {len(rules)}" if len(rules) > 1 else "is none"
        raise CloudError(
            f"cluster {id.name} has private nodes, which its control plane must reach, and nothing tells"
            f" {', nor '.join(unknown)} (of firewall rules gke-{id.name}-…-master there {count})"
        )
    return found
