"""What RKE's cluster.yml and its control-plane nodes would get, as text; for a file that is kept in a repository."""

from k8s_audit.config.platforms.rke import RkePlatform
from k8s_audit.control_plane.change import sha256
from k8s_audit.platforms.rke.cluster_file import Setup, paths, turn_on
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted

BARE = "nodes: []\n"


def render(wanted: Wanted) -> list[Rendered]:
    """Each host's webhook file, and the part of the cluster.yml that is ours."""
    platform = wanted.stack.platform
    assert isinstance(platform, RkePlatform)
    arguments = wanted.flags.arguments(*paths(platform.folder))
    setup = Setup(wanted.policy(None), arguments, sha256(wanted.webhook.encode()))
    part = turn_on(BARE, setup).text.removeprefix(BARE)
    path = arguments["audit-webhook-config-file"]
    files = [Rendered(host.name, path, wanted.webhook) for host in platform.hosts]
    return [*files, Rendered(CLUSTER, platform.cluster_file, part, "merge")]
