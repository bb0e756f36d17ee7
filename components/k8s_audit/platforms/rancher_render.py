"""What server nodes of RKE2 or K3s would get, as text: two files, and what their configuration gets; then the service is restarted."""

from k8s_audit.config import places
from k8s_audit.config.platforms.rancher import RancherPlatform
from k8s_audit.control_plane import rancher_config
from k8s_audit.control_plane.change import sha256
from k8s_audit.control_plane.rancher_facts import DISTRIBUTIONS, DROP_IN
from k8s_audit.rendering.model import Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """All texts of a stack of kind `rke2` or `k3s`."""
    platform = wanted.stack.platform
    assert isinstance(platform, RancherPlatform)
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    own_keys = DISTRIBUTIONS[platform.program].own_pod and platform.drop_in
    digest = sha256(policy.encode(), wanted.webhook.encode())
    found: list[Rendered] = []
    for host in platform.hosts:
        flags = wanted.flags.arguments(*host.files)
        edit = rancher_config.turn_on(b"", flags, digest, drop_in=platform.drop_in, own_keys=own_keys)
        text = edit.manifest.decode()
        found += wanted.files(host, policy)
        if platform.drop_in:
            path = rancher_config.drop_in_path(host.config_file, DROP_IN)
            found.append(Rendered(host.name, path, text, "drop-in"))
        else:
            found.append(Rendered(host.name, host.config_file, text, "merge"))
    return found
