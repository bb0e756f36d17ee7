"""`RkeClusterAudit`: audit logging in RKE's cluster.yml, and the webhook file on each control-plane node."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from k8s_audit import kubernetes_yaml
from k8s_audit.config.platforms.rke import RkeHost
from k8s_audit.config.reach import reach
from k8s_audit.control_plane.change import digest_of
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.contract import contract_of
from k8s_audit.delivery.webhook import secrets_in
from k8s_audit.errors import HostError
from k8s_audit.platforms.rke import cluster_file
from k8s_audit.platforms.rke.change import RESTARTS, RkeChange, RkeCluster, Wanted, digests, opened
from k8s_audit.platforms.rke.memory import APPLIED
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class RkeClusterAuditInputs(ResourceInputs):
    """See `k8s_audit.RkeClusterAudit`."""

    cluster_file: str
    hosts: list[RkeHost] = Field(min_length=1)
    policy: str
    webhook: str
    arguments: dict[str, str]
    adopt: bool = False
    ssh_private_key: str | None = None
    ssh_agent_auth: bool = False
    timeout: str = "30m"

    def cluster(self, context: Context) -> RkeCluster:
        """Where it is."""
        hosts = {host.in_file: reach(host, self.ssh_private_key) for host in self.hosts}
        return RkeCluster(
            opened(self.cluster_file),
            hosts,
            seconds(self.timeout),
            self.ssh_agent_auth,
            context.stop,
            context.say,
            secrets_in(self.webhook),
        )


class RkeClusterAuditResource:
    """Audit policy, webhook and flags in RKE's cluster.yml, brought to the nodes by `rke up`, which goes back if it fails."""

    name = "RkeClusterAudit"
    inputs = RkeClusterAuditInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"digest": "string", "intact": "boolean", "path": "string", "record": "string", "unaudited": "strings"}
    )
    secrets = frozenset({"webhook", "sshPrivateKey", "record"})
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: RkeClusterAuditInputs, old: Values | None) -> Values:
        """A plain preview reads no cluster file and contacts no host."""
        return {"intact": True, "unaudited": []}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is in the file is read by `up`, and by `k8s-audit doctor`."""
        told = f"`up` runs {RESTARTS}"
        if old:
            return told
        return (
            "cluster file and hosts not read: a preview does not; `k8s-audit doctor --stack STACK` reads them and tells what `up` would do."
            f" {told}"
        )

    def create(self, context: Context, name: str, inputs: RkeClusterAuditInputs) -> tuple[str, Values]:
        """Turn auditing on."""
        return f"rke:{inputs.cluster_file}", self._applied(context, inputs, "")

    def read(
        self, context: Context, id: str, inputs: RkeClusterAuditInputs | None, old: Values
    ) -> Read[RkeClusterAuditInputs] | None:
        """What the file has now, whether each host has the webhook, and which control-plane nodes are no hosts."""
        if inputs is None:
            raise HostError("an RkeClusterAudit is not imported; adopt: true takes over what is there")
        cluster = inputs.cluster(context)
        record = str(old.get("record") or "")
        text = RkeChange(cluster, record).known()
        path = _written(old)
        content = [host.read(path) for host in cluster.hosts.values()]
        same = all(each == inputs.webhook.encode() for each in content)
        here = cluster_file.audit_arguments(text)
        policy_file = {name: value for name, value in inputs.arguments.items() if name == "audit-policy-file"}
        arguments = {name: value for name, value in (here | policy_file).items() if name in inputs.arguments}
        changed: dict[str, Any] = {"arguments": arguments}
        if not cluster_file.same_policy(text, inputs.policy):
            changed["policy"] = kubernetes_yaml.dump(cluster_file.policy(text) or {})
        if not same:
            changed["webhook"] = next((each or b"" for each in content if each != inputs.webhook.encode()), b"").decode(
                "utf-8", "replace"
            )
        now = inputs.model_copy(update=changed)
        memory = cluster.file.memory()
        digested = cluster_file.digest(text) in digests(inputs.webhook)
        live = {
            "intact": digested and (memory is None or memory.step == APPLIED),
            "unaudited": RkeChange(cluster, record).strays(text),
        }
        return Read(
            now,
            now.values()
            | live
            | {"path": path, "record": record, "digest": digest_of(now.policy, now.webhook, now.arguments)},
        )

    def stale(self, old: Values) -> list[str]:
        """The digest of the webhook file is gone from the file, `rke up` was cut off, or a control-plane node joined."""
        return [*([] if old.get("intact") else ["intact"]), *(["unaudited"] if old.get("unaudited") else [])]

    def update(self, context: Context, id: str, inputs: RkeClusterAuditInputs, old: Values) -> Values:
        """Bring it to the inputs. A webhook file in another folder is removed where it was."""
        was = _written(old)
        if was and was != inputs.arguments["audit-webhook-config-file"]:
            self.delete(
                context, id, {**old, "clusterFile": inputs.cluster_file}
            )  # an old checkout's may be out of date
            return self._applied(context, inputs, "")
        return self._applied(context, inputs, str(old.get("record") or ""))

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours."""
        inputs = RkeClusterAuditInputs.of(old)
        change = RkeChange(inputs.cluster(context), str(old.get("record") or ""))
        change.restore(_written(old))

    def _applied(self, context: Context, inputs: RkeClusterAuditInputs, remembered: str) -> Values:
        contract = contract_of(inputs.webhook, inputs.arguments, context.say)
        wanted = Wanted(inputs.policy, inputs.webhook, inputs.arguments, inputs.adopt, contract)
        ours = RkeChange(inputs.cluster(context), remembered).apply(wanted)
        found = {
            "intact": True,
            "unaudited": [],
            "record": ours.text(),
            "path": wanted.path,
            "digest": digest_of(inputs.policy, inputs.webhook, inputs.arguments),
        }
        return inputs.values() | found


def _written(old: Values) -> str:
    """Where our webhook file lies on the nodes: what somebody makes of the flag since is not ours to remove."""
    return str(old.get("path") or "")
