"""What a KubeadmControlPlane would get, as text; for one that is kept in a repository, or made by a ClusterClass."""

from k8s_audit.config import places
from k8s_audit.config.platforms.cluster_api import ClusterApiPlatform
from k8s_audit.platforms.cluster_api.change import ControlPlaneAudit
from k8s_audit.platforms.cluster_api.control_plane import RESOURCE, paths
from k8s_audit.platforms.cluster_api.files import secret_of
from k8s_audit.platforms.management.render import rendered
from k8s_audit.rendering.model import Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """The Secret, and the object's part of ours."""
    platform = wanted.stack.platform
    assert isinstance(platform, ClusterApiPlatform)
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    audit = ControlPlaneAudit(policy, wanted.webhook, wanted.flags.arguments(*paths(platform.folder)))
    return rendered(platform, RESOURCE, audit.contents(), audit.edit(platform.name), secret_of)
