"""All that a cluster of kind or k3d is created with: its configuration, and beside it the two files that its nodes mount."""

from dataclasses import asdict

from k8s_audit.config import places
from k8s_audit.config.platforms.created import CreatedPlatform
from k8s_audit.platforms.created.files import arguments, names
from k8s_audit.platforms.created.own_file import FILES
from k8s_audit.rendering.model import THIS_MACHINE, Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """The three files, by their paths on this machine."""
    platform = wanted.stack.platform
    assert isinstance(platform, CreatedPlatform)
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    endpoint = asdict(wanted.endpoint)
    folder = platform.local_folder()
    flags = arguments(platform.node_folder, wanted.flags, policy, endpoint)
    here = [str(folder / FILES / name) for name in names(policy, endpoint)]
    return [
        Rendered(THIS_MACHINE, str(folder / f"{platform.kind}.yaml"), platform.merged(flags)),
        Rendered(THIS_MACHINE, here[0], policy),
        Rendered(THIS_MACHINE, here[1], wanted.webhook),
    ]
