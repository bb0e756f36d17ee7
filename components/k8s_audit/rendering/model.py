"""What one platform is asked to render, and what it answers: texts, each with the place where it goes.

A platform adds one pure function `render(wanted)` in a module of its own, and its row in `config/registry.py`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from k8s_audit.audit_policy.render import render_policy
from k8s_audit.config.platforms.hosts import ReachedHost
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.versions import Version, policy_version
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.receivers.endpoint import ReceiverEndpoint

CLUSTER = "cluster"
"""The place of what is no host's."""
THIS_MACHINE = "this machine"
"""The place of what `render --write` writes."""
HOW = {
    "file": "the whole file",
    "drop-in": "the whole file, which is read beside the others in its folder",
    "patch": "JSON patch of what is there, RFC 6902",
    "merge": "to be merged into what is there",
}


@dataclass(frozen=True)
class Wanted:
    """What a stack wants, with a placeholder for each secret.

    Args:
        stack: its configuration.
        folder: what it keeps on this machine.
        flags: of the API server, within the receiver's limits.
        webhook: the webhook kubeconfig.
        endpoint: who takes audit events; its secrets are no secrets, but marks.
    """

    stack: Stack
    folder: Path
    flags: AuditFlags
    webhook: str
    endpoint: ReceiverEndpoint

    def policy(self, version: Version | None) -> str:
        """The audit policy for an API server of a version; None: today's."""
        return render_policy(self.stack.policy.load(), policy_version(version))

    def files(self, host: ReachedHost, policy: str) -> "list[Rendered]":
        """The two files of a host whose API server reads them there."""
        at = host.files
        return [Rendered(host.name, at[0], policy), Rendered(host.name, at[1], self.webhook)]


@dataclass(frozen=True)
class Rendered:
    """One text.

    Args:
        place: a host's name, CLUSTER or THIS_MACHINE.
        path: where on the host, or what of the cluster.
        text: YAML.
        how: whether it is the whole of what stands there.
    """

    place: str
    path: str
    text: str
    how: Literal["file", "drop-in", "patch", "merge"] = "file"

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        return {"place": self.place, "path": self.path, "how": self.how, "text": self.text}
