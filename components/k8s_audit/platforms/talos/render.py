"""What machine configurations of Talos would get, as a patch for `talosctl patch machineconfig --patch @FILE`, or for `talosctl gen config`."""

from k8s_audit.config import places
from k8s_audit.platforms.talos.component import settable
from k8s_audit.platforms.talos.machine_config import Setup, turn_on
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted

BARE = "machine:\n    type: controlplane\n"


def render(wanted: Wanted) -> list[Rendered]:
    """One patch, the same for each control-plane node."""
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    text, _ = turn_on(BARE, Setup(policy, wanted.webhook, settable(wanted.flags)))
    return [Rendered(CLUSTER, "machine configuration of each control-plane node of Talos", text, "merge")]
