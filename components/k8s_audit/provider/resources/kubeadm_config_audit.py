"""`KubeadmConfigAudit`: audit logging in kubeadm's own configuration, from which `kubeadm upgrade` writes manifests anew."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.errors import HostError
from k8s_audit.platforms.kubeadm_cluster import NAME, NAMESPACE, KubeadmCluster, without_policy
from k8s_audit.platforms.kubeadm_persistence import Live, Persistence
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class KubeadmConfigAuditInputs(ResourceInputs):
    """See `k8s_audit.KubeadmConfigAudit`."""

    kubeconfig: str
    arguments: dict[str, str]
    adopt: bool = False


class KubeadmConfigAuditResource:
    """The API server's audit flags and mounts in ConfigMap kube-system/kubeadm-config; finds nodes that do not audit."""

    name = "KubeadmConfigAudit"
    inputs = KubeadmConfigAuditInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"intact": "boolean", "present": "boolean", "record": "string", "unaudited": "strings"}
    )
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: KubeadmConfigAuditInputs, old: Values | None) -> Values:
        """A plain preview asks no cluster."""
        return {"intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """Nothing that the page of kubeadm does not say."""
        return ""

    def create(self, context: Context, name: str, inputs: KubeadmConfigAuditInputs) -> tuple[str, Values]:
        """Put it in."""
        return f"{NAMESPACE}/{NAME}", self._applied(context, inputs, "")

    def read(
        self, context: Context, id: str, inputs: KubeadmConfigAuditInputs | None, old: Values
    ) -> Read[KubeadmConfigAuditInputs] | None:
        """What is stored now, and which API servers have no audit policy."""
        if inputs is None:
            raise HostError("a KubeadmConfigAudit is not imported; `up` makes one")
        cluster = KubeadmCluster(inputs.kubeconfig)
        live = Persistence(cluster, str(old.get("record") or "")).read()
        if live is None:
            return Read(inputs, _outputs(inputs, None, cluster))
        arguments = {name: live.arguments[name] for name in inputs.arguments if name in live.arguments}
        now = inputs.model_copy(update={"arguments": arguments})
        return Read(now, _outputs(now, live, cluster))

    def stale(self, old: Values) -> list[str]:
        """Mounts of ours are gone, or an API server has no audit policy: a node joined, or lost it."""
        return [*([] if old.get("intact") else ["intact"]), *(["unaudited"] if old.get("unaudited") else [])]

    def update(self, context: Context, id: str, inputs: KubeadmConfigAuditInputs, old: Values) -> Values:
        """Bring it to the inputs. Another cluster's is left as it was found before."""
        return self._applied(context, inputs, str(old.get("record") or ""))

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours."""
        Persistence(KubeadmCluster(str(old["kubeconfig"])), str(old.get("record") or "")).restore()

    def _applied(self, context: Context, inputs: KubeadmConfigAuditInputs, remembered: str) -> Values:
        cluster = KubeadmCluster(inputs.kubeconfig)
        live = Persistence(cluster, remembered).apply(inputs.arguments, inputs.adopt)
        if live is None:
            context.say(
                f"the cluster has no ConfigMap {NAMESPACE}/{NAME}: kubeadm cannot upgrade it, and nothing is kept there"
            )
        outputs = _outputs(inputs, live, cluster)
        if outputs["unaudited"]:
            context.say(without_policy(outputs["unaudited"]))
        return outputs


def _outputs(inputs: KubeadmConfigAuditInputs, live: Live | None, cluster: KubeadmCluster) -> Values:
    return inputs.values() | {
        "present": live is not None,
        "intact": live is None or live.intact,
        "record": live.record if live else "",
        "unaudited": [pod.node for pod in cluster.unaudited()],
    }
