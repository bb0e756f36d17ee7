"""Whether OpenShift's operator has brought another audit policy to all API servers: pure, by what was seen of it.

Its ClusterOperator alone does not tell: before the operator has begun, all is well there too. It has begun once the policy in its ConfigMap
is another one, or the one it picks; it is done once each node runs a revision that has this policy.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

WELL = {"Available": "True", "Progressing": "False", "Degraded": "False"}
"""https://github.com/openshift/enhancements/blob/master/dev-guide/cluster-version-operator/dev/clusteroperator.md#conditions"""
SHOWN = 300
"""Characters of a condition's message."""


@dataclass(frozen=True)
class Mark:
    """What the operator had done when the settings were changed.

    Args:
        revision: the newest one then.
        policies: digest of its policies then.
    """

    revision: int
    policies: str


@dataclass(frozen=True)
class Seen:
    """How far the operator is.

    Args:
        policies: digest of the policies that it makes of the settings, and of which is picked.
        rolled: the same of its newest revision; empty: that has none.
        revision: the newest one.
        nodes: the revision that each control-plane node runs.
        conditions: of the ClusterOperator: status and message.
    """

    policies: str
    rolled: str
    revision: int
    nodes: Mapping[str, int]
    conditions: Mapping[str, tuple[str, str]]

    @property
    def mark(self) -> Mark:
        """To compare with later."""
        return Mark(self.revision, self.policies)


def begun(seen: Seen, since: Mark) -> bool:
    """Whether the operator has taken up the change."""
    return seen.policies != since.policies


def lacking(seen: Seen, since: Mark | None) -> list[str]:
    """What is still to come, in words; empty: nothing.

    Args:
        seen: how far the operator is.
        since: what it had done before; None: nothing was changed, or it makes no other policy of it.
    """
    return [*_of_policy(seen, since), *unrolled(seen.revision, seen.nodes, seen.conditions)]


def unrolled(revision: int, nodes: Mapping[str, int], conditions: Mapping[str, tuple[str, str]]) -> list[str]:
    """What is still to come, whatever a revision holds, in words: nodes that do not run the newest one, conditions that are not well."""
    return [*_of_nodes(revision, nodes), *_of_conditions(conditions)]


def _of_policy(seen: Seen, since: Mark | None) -> Iterator[str]:
    if since and not begun(seen, since):
        yield "the operator has not made the policy yet"
    elif seen.rolled != seen.policies or (since and seen.revision <= since.revision):
        yield f"no revision has the policy yet (newest: {seen.revision})"


def _of_nodes(newest: int, nodes: Mapping[str, int]) -> Iterator[str]:
    if not nodes:
        yield "KubeAPIServer `cluster` tells of no node"
    elif any(revision < newest for revision in nodes.values()):
        counted = sorted(Counter(nodes.values()).items())
        told = ", ".join(f"{count} of {len(nodes)} nodes at revision {revision}" for revision, count in counted)
        yield f"{told}; the newest is {newest}"


def _of_conditions(conditions: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    for kind, wanted in WELL.items():
        status, message = conditions.get(kind, ("Unknown", "the condition is not there"))
        if status != wanted:
            yield f"ClusterOperator kube-apiserver {kind}={status}: {message[:SHOWN]}"
