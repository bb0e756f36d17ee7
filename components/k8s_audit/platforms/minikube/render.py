"""What a minikube cluster gets: two files in minikube's own folder, a patch of the API server's manifest, and the arguments of a start that keeps it."""

from k8s_audit.config import places
from k8s_audit.config.platforms.minikube import MinikubePlatform
from k8s_audit.platforms.kubeadm_render import manifest_patch
from k8s_audit.platforms.minikube.kept import Kept
from k8s_audit.platforms.minikube.node import MANIFESTS, file_paths
from k8s_audit.platforms.minikube.profile import start_options
from k8s_audit.rendering.model import THIS_MACHINE, Rendered, Wanted


def render(wanted: Wanted) -> list[Rendered]:
    """All texts of a stack of kind minikube; the start's arguments make a new cluster that has it from the beginning."""
    platform = wanted.stack.platform
    assert isinstance(platform, MinikubePlatform)
    kept = Kept(platform.folder(), platform.profile)
    arguments = wanted.flags.arguments(*file_paths(platform.profile))
    start = "".join(f"{option}\n" for option in start_options(arguments))
    return [
        Rendered(THIS_MACHINE, str(kept.policy), wanted.policy(places.kubernetes_version(wanted.stack))),
        Rendered(THIS_MACHINE, str(kept.webhook), wanted.webhook),
        Rendered(f"profile {platform.profile}", f"{MANIFESTS}/kube-apiserver.yaml", manifest_patch(arguments), "patch"),
        Rendered(f"profile {platform.profile}", f"minikube start -p {platform.profile}", start, "merge"),
    ]
