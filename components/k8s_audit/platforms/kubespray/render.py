"""What a cluster of Kubespray's would get, as text: what one of kubeadm's gets, and the file of variables."""

from k8s_audit.config.platforms.kubespray import KubesprayPlatform
from k8s_audit.platforms import kubeadm_render
from k8s_audit.platforms.kubespray import variables
from k8s_audit.platforms.kubespray.inventory import Inventory
from k8s_audit.rendering.model import THIS_MACHINE, Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """All texts; the inventory is not read for it."""
    found = kubeadm_render.render(wanted)
    platform = wanted.stack.platform
    assert isinstance(platform, KubesprayPlatform)
    if platform.persist:
        text = variables.text(variables.values(wanted.flags.arguments(*platform.hosts[0].files)))
        found.append(Rendered(THIS_MACHINE, str(Inventory(platform.folder(), platform.group).file), text))
    return found
