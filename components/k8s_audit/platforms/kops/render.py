"""What a kops cluster's spec would get, as text; for a spec that is kept in a repository."""

from k8s_audit.config import places
from k8s_audit.config.platforms.kops import KopsPlatform
from k8s_audit.platforms.kops.fields import settable
from k8s_audit.platforms.kops.spec import Setup, paths, turn_on
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted

ROLES = ("Master",)
"""What v1alpha2 calls the control plane; where there are dedicated groups, `APIServer` belongs beside it, which `up` reads."""


def render(wanted: Wanted) -> list[Rendered]:
    """The Cluster's part of ours."""
    platform = wanted.stack.platform
    assert isinstance(platform, KopsPlatform)
    bare = f"apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nmetadata:\n  name: {platform.cluster_name}\nspec: {{}}\n"
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    arguments = settable(wanted.flags.arguments(*paths(platform.folder)))
    text = turn_on(bare, Setup(policy, wanted.webhook, arguments, ROLES))
    return [Rendered(CLUSTER, f"Cluster {platform.cluster_name} of kops", text, "merge")]
