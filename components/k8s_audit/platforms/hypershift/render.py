"""What a HostedCluster would get, as text; for one that is kept in a repository."""

from k8s_audit.config.platforms.hypershift import HypershiftPlatform
from k8s_audit.platforms.hypershift.change import HostedAudit
from k8s_audit.platforms.hypershift.hosted_cluster import RESOURCE, secret_of
from k8s_audit.platforms.management.render import rendered
from k8s_audit.rendering.model import Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """The Secret, and the object's part of ours."""
    platform = wanted.stack.platform
    assert isinstance(platform, HypershiftPlatform)
    audit = HostedAudit(wanted.webhook, platform.audit_profile or "")
    return rendered(platform, RESOURCE, audit.contents(), audit.edit(platform.name), secret_of)
