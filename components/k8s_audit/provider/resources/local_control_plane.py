"""`LocalControlPlane`: the embedded control plane of etcd and kube-apiserver."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from k8s_audit.control_plane.durations import seconds
from k8s_audit.errors import ToolError
from k8s_audit.local_cluster import LocalCluster, Ports
from k8s_audit.provider.resource import Context, PartialError, Read, ResourceInputs, Values


class LocalControlPlaneInputs(ResourceInputs):
    """See `k8s_audit.LocalControlPlane`."""

    folder: str = Field(pattern="^/")
    cluster: str
    etcd_port: int
    etcd_peer_port: int
    api_server_port: int
    timeout: str = "90s"

    def local_cluster(self) -> LocalCluster:
        """The plain class that does it."""
        ports = Ports(self.etcd_port, self.etcd_peer_port, self.api_server_port)
        return LocalCluster(Path(self.folder), ports, self.cluster)


class LocalControlPlaneResource:
    """A control plane on this machine, made by kubeadm, without root or a container engine."""

    name = "LocalControlPlane"
    inputs = LocalControlPlaneInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"apiServer": "string", "kubeconfig": "string", "manifests": "string", "running": "boolean"}
    )
    secrets: frozenset[str] = frozenset()
    replaces = frozenset({"folder"})

    def preview(self, inputs: LocalControlPlaneInputs, old: Values | None) -> Values:
        """All of it is known."""
        return self._outputs(inputs, running=True)

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview knows all of it."""
        return ""

    def create(self, context: Context, name: str, inputs: LocalControlPlaneInputs) -> tuple[str, Values]:
        """Make and start it."""
        try:
            inputs.local_cluster().create(context.stop, seconds(inputs.timeout))
        except ToolError as error:
            if inputs.local_cluster().read() is None:
                raise
            raise PartialError(str(error), inputs.folder, self._outputs(inputs, running=False)) from None
        return inputs.folder, self._outputs(inputs, running=True)

    def read(
        self, context: Context, id: str, inputs: LocalControlPlaneInputs | None, old: Values
    ) -> Read[LocalControlPlaneInputs] | None:
        """Whether it is there and its processes run."""
        if inputs is None:
            raise ToolError("a LocalControlPlane is not imported; `up` finds the one in its folder by itself")
        status = inputs.local_cluster().read()
        return Read(inputs, self._outputs(inputs, running=status.running)) if status else None

    def stale(self, old: Values) -> list[str]:
        """Its processes are gone, as after a reboot."""
        return [] if old.get("running") else ["running"]

    def update(self, context: Context, id: str, inputs: LocalControlPlaneInputs, old: Values) -> Values:
        """Start what does not run; move it to other ports."""
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """End its processes and remove its files."""
        LocalCluster(Path(old["folder"])).delete()

    def _outputs(self, inputs: LocalControlPlaneInputs, *, running: bool) -> Values:
        cluster = inputs.local_cluster()
        return inputs.values() | {
            "apiServer": cluster.api_server,
            "kubeconfig": str(cluster.kubeconfig),
            "manifests": str(cluster.manifests),
            "running": running,
        }
