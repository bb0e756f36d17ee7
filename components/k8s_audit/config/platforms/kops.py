"""`kind: kops`: a cluster whose spec lies in kops' state store."""

import posixpath
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import AbsolutePath, Duration
from k8s_audit.config.platforms.hosts import api_server_url
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.delivery.api_server_pods import OF_KOPS
from k8s_audit.platforms.kops.spec import FOLDER

ClusterName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
]
"""A DNS name with a dot in it, as kops wants it."""
StateStore = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+://[^\s?#@]+$")]
"""https://kops.sigs.k8s.io/state/"""


class KopsPlatform(PlatformConfig):
    """A cluster of kops: its spec is changed, and the nodes that run an API server are replaced."""

    needs_kubeconfig: ClassVar[bool] = True
    kind: Literal["kops"]
    cluster_name: ClusterName
    """As `kops get clusters` prints it."""
    state_store: StateStore | None = None
    """Such as `s3://kops-state`; default: what kops itself finds, as $KOPS_STATE_STORE."""
    api_servers: list[Annotated[str, AfterValidator(api_server_url)]] = Field(default_factory=list)
    """URLs of single API servers, for the proof of delivery; default: the kubeconfig's, which often is a load balancer's."""
    folder: AbsolutePath = FOLDER
    """Policy and webhook file on each node that runs an API server."""
    apply: Literal["rolling-update", "reconcile"] = "rolling-update"
    """`reconcile` goes on to the workers, where they are older than the spec."""
    adopt: bool = False
    """Take over audit fields that are there already with other values; destroy puts them back."""
    update_timeout: Duration = "15m"
    """For `kops update cluster`."""
    roll_timeout: Duration = "1h"
    """For one instance group; kops may take 15 minutes to drain a node, and as long to validate the cluster."""
    prove_each_group: bool = True
    """Prove the delivery of each API server of a group before the next group's nodes are replaced; `false`: after the last group, of
    the API server that answers."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API servers, where it is older than what is set up today."""

    def own_api_servers(self) -> Sequence[str | None]:
        """See PlatformConfig."""
        return self.api_servers or [None]

    def api_server_pods(self) -> str:
        """See PlatformConfig."""
        return OF_KOPS if self.prove_each_group and not self.api_servers else ""

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: a spec has no field for truncation, and the log needs a folder of its own."""
        faults = []
        if delivery.truncate.model_fields_set:
            faults.append("audit:delivery.truncate: a spec of kops has no field for it; take it out")
        log = delivery.flags().log.path
        if posixpath.dirname(log) in (self.folder, FOLDER):
            faults.append(
                f"audit:delivery.log.path: {log} lies in the folder of the policy, or of the API server's own files, which is mounted"
                " read-only; set a folder of its own"
            )
        return faults

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        together = "kops reconcile goes on by itself" if self.apply == "reconcile" else "proveEachGroup is false"
        late = [f"kops: {together}, so delivery is proved only once all nodes that run an API server have it"]
        return [
            *([] if self.prove_each_group and self.apply == "rolling-update" else late),
            "kops: its spec has no field for truncation, so an event or batch that is larger than the receiver takes is lost at the"
            " webhook; it stays in the log file",
        ]
