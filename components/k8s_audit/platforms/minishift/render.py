"""What MiniShift's virtual machine gets: two files, and `apiServerArguments`; then `minishift openshift restart`."""

from k8s_audit.config import places
from k8s_audit.config.platforms.minishift import MinishiftPlatform
from k8s_audit.control_plane import api_server_arguments
from k8s_audit.control_plane.change import sha256
from k8s_audit.platforms.minishift.machine import BASE, MASTER, file_paths
from k8s_audit.rendering.model import Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """All texts of a stack of kind minishift."""
    platform = wanted.stack.platform
    assert isinstance(platform, MinishiftPlatform)
    place, policy = f"profile {platform.profile}", wanted.policy(places.kubernetes_version(wanted.stack))
    digest = sha256(policy.encode(), wanted.webhook.encode())
    arguments = wanted.flags.arguments(*file_paths())
    section = api_server_arguments.turn_on(b"", arguments, digest, adopt=False).manifest.decode()
    at = file_paths(f"{BASE}/k8s-audit")
    return [
        Rendered(place, at[0], policy),
        Rendered(place, at[1], wanted.webhook),
        Rendered(place, MASTER, section, "merge"),
    ]
