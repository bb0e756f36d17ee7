"""The API server of a minikube node: a static pod whose manifest each start may write anew, of flags alone, by kubeadm."""

from k8s_audit.control_plane.edit import Ours
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.journal import Record
from k8s_audit.control_plane.static_pod_server import StaticPodServer


class MinikubeServer(StaticPodServer):
    """See `edit.Server`.

    Args:
        host: the node.
        manifest: the path of its manifest.
        api_server: its own URL.
        staging: a folder from which a manifest can be moved into its place.
        profile: of minikube.
    """

    def __init__(self, host: Host, manifest: str, api_server: str, staging: str, profile: str) -> None:
        """Nothing is touched yet."""
        super().__init__(host, manifest, api_server, staging)
        self.profile = profile

    def has(self, text: bytes, ours: Ours) -> bool:
        """See Server: a start keeps the flags and nothing else of ours, and that is enough: the folder of the files is mounted by kubeadm itself."""
        return True

    def undo_note(self, record: Record, state_folder: str) -> str:
        """See Server."""
        return f"""{super().undo_note(record, state_folder)}
A start of minikube brings it back, unless the entries of component `apiserver` whose keys begin with `audit-` go from `ExtraOptions` in
`profiles/{self.profile}/config.json` in minikube's folder first; `files{record.policy}` and `files{record.webhook}` there only after them.
"""
