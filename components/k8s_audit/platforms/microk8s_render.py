"""What nodes of MicroK8s would get, as text: two files, and the lines that the API server's arguments get; then kubelite is restarted."""

from k8s_audit.config import places
from k8s_audit.config.platforms.microk8s import Microk8sPlatform
from k8s_audit.control_plane import argument_file
from k8s_audit.control_plane.change import sha256
from k8s_audit.rendering.model import Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """All texts of a stack of kind `microk8s`."""
    platform = wanted.stack.platform
    assert isinstance(platform, Microk8sPlatform)
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    digest = sha256(policy.encode(), wanted.webhook.encode())
    found: list[Rendered] = []
    for host in platform.hosts:
        lines = argument_file.turn_on(
            b"", wanted.flags.arguments(*host.files), digest, host.args_file
        ).manifest.decode()
        found += [*wanted.files(host, policy), Rendered(host.name, host.args_file, lines, "merge")]
    return found
