"""An API server that a kubelet runs from its static-pod manifest: the manifest in its folder is what is edited, and moving another
one into its place is what restarts it. Edits are `static_pod.py`'s, waiting is `health.py`'s.
"""

import posixpath
from collections.abc import Collection, Mapping
from threading import Event

from k8s_audit.control_plane import health, static_pod
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.journal import Record
from k8s_audit.control_plane.undo_note import undo_static_pod
from k8s_audit.control_plane.versions import policy_version, takes_policy
from k8s_audit.errors import HostError


class StaticPodServer:
    """See `edit.Server`.

    Args:
        host: where it runs.
        manifest: the path of its manifest.
        api_server: its own URL.
        staging: a folder from which a manifest can be moved into its place.
    """

    def __init__(self, host: Host, manifest: str, api_server: str, staging: str) -> None:
        """Nothing is touched yet."""
        self.host, self.path, self.api_server, self.staging = host, manifest, api_server, staging

    def read(self) -> bytes | None:
        """See Server."""
        return self.host.read(self.path)

    def current(self) -> bytes:
        """See Server."""
        manifest = self.read()
        if manifest is None:
            raise HostError(
                f"host {self.host.name}: {self.path} is not there: no kubeadm control plane, or another folder"
            )
        return manifest

    def check(self, current: bytes, policy: str) -> None:
        """See Server."""
        folder = posixpath.dirname(self.path)
        if not self.host.same_filesystem(folder, self.staging):
            raise HostError(
                f"host {self.host.name}: {self.staging} and {folder} are on different filesystems, "
                "so the manifest cannot be moved in one step; set configFolder to a folder on the same one"
            )
        health.check_ready(self.host, self.api_server, health.credentials(self.host, current))
        version = static_pod.image_version(current)
        if version and not takes_policy(version, policy):
            raise HostError(
                f"host {self.host.name}: kube-apiserver {version[0]}.{version[1]} wants a policy of {policy_version(version)}, and this"
                f' is another one; set audit:platform.kubernetesVersion: "{version[0]}.{version[1]}"'
            )

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        """See Server."""
        return static_pod.audit_arguments(text)

    def turn_on(self, base: bytes, wanted: Mapping[str, str], digest: str, adopt: bool) -> Edit:
        """See Server."""
        return static_pod.turn_on(base, wanted, digest, adopt)

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        """See Server."""
        return static_pod.turn_off(text, ours)

    def reformat(self, text: bytes) -> bytes:
        """See Server."""
        return static_pod.reformat(text)

    def has(self, text: bytes, ours: Ours) -> bool:
        """See Server."""
        return static_pod.has(text, ours)

    def folders(self, text: bytes) -> list[str]:
        """See Server."""
        return static_pod.log_folder(self.audit_arguments(text))

    def put(self, text: bytes) -> None:
        """See Server; the kubelet sees it by itself."""
        self.host.replace(self.path, text, self.staging)

    def in_force(self) -> bool:
        """See Server: the kubelet cannot be kept from it."""
        return True

    def running(self, text: bytes) -> list[tuple[int, float]]:
        """See Server."""
        return [process.identity for process in health.running(self.host, text)]

    def wait(self, text: bytes, not_these: Collection[tuple[int, float]], timeout: float, stop: Event) -> None:
        """See Server."""
        health.wait_until_ready(self.host, self.api_server, text, not_these=not_these, timeout=timeout, stop=stop)

    def log(self) -> list[str]:
        """See Server."""
        return self.host.api_server_log()

    def undo_note(self, record: Record, state_folder: str) -> str:
        """See Server."""
        return undo_static_pod(record, state_folder)
