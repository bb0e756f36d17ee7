"""`TalosNodeAudit`: audit logging in the machine configuration of one control-plane node of Talos."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import Field

from k8s_audit import kubernetes_yaml
from k8s_audit.control_plane.change import digest_of
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.webhook import secrets_in
from k8s_audit.errors import ChangeError, HostError, K8sAuditError
from k8s_audit.platforms.talos.machine_config import Setup, arguments_in, live, same_policy, turn_off, turn_on
from k8s_audit.platforms.talos.node import BackError, TalosNode, TalosPlace
from k8s_audit.provider.resource import BESIDE, Context, PartialError, Read, ResourceInputs, Values, untouched


class TalosNodeAuditInputs(ResourceInputs):
    """See `k8s_audit.TalosNodeAudit`."""

    node: str
    address: str
    api_server: str
    kubeconfig: str
    policy: str
    webhook: str
    arguments: dict[str, str]
    talosconfig: str = ""
    adopt: bool = False
    timeout: str = "10m"
    remaining: list[str] = Field(default=[], json_schema_extra=BESIDE)

    def setup(self) -> Setup:
        """What the node shall have."""
        return Setup(self.policy, self.webhook, self.arguments, self.adopt)

    def reached(self, context: Context) -> TalosNode:
        """The node itself."""
        place = TalosPlace(
            self.node, self.address, self.api_server, self.kubeconfig, self.talosconfig, seconds(self.timeout)
        )
        return TalosNode(place, context.stop, context.say, secrets_in(self.webhook))


class TalosNodeAuditResource:
    """Audit policy, webhook file, its mount and the flags in a node's machine configuration; a new webhook file reboots the node."""

    name = "TalosNodeAudit"
    inputs = TalosNodeAuditInputs
    outputs: Mapping[str, str] = MappingProxyType({"manifestDigest": "string", "intact": "boolean", "before": "string"})
    secrets = frozenset({"webhook"})
    replaces = frozenset({"address"})

    def preview(self, inputs: TalosNodeAuditInputs, old: Values | None) -> Values:
        """A plain preview runs no talosctl."""
        return {"intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is in the machine configuration is read by `up`, and by `k8s-audit doctor`."""
        told = f"node {news.get('node')} reboots if its webhook file is new or changed"
        if old:
            return told
        return f"machine configuration not read: a preview runs no talosctl; `k8s-audit doctor --stack STACK` reads it. {told}"

    def create(self, context: Context, name: str, inputs: TalosNodeAuditInputs) -> tuple[str, Values]:
        """Turn auditing on."""
        return inputs.address, self._bring(context, inputs, "")

    def read(
        self, context: Context, id: str, inputs: TalosNodeAuditInputs | None, old: Values
    ) -> Read[TalosNodeAuditInputs] | None:
        """What the machine configuration has now."""
        if inputs is None:
            raise HostError("a TalosNodeAudit is not imported; adopt: true takes over what is there")
        found = live(inputs.reached(context).config())
        now: dict[str, Any] = {"webhook": found.webhook}
        now["arguments"] = {key: found.arguments[key] for key in inputs.arguments if key in found.arguments}
        if not same_policy(found.policy, inputs.policy):
            now["policy"] = kubernetes_yaml.dump(found.policy) if isinstance(found.policy, dict) else ""
        read = inputs.model_copy(update=now)
        return Read(read, _outputs(read, str(old.get("before", "")), intact=found.mounted))

    def stale(self, old: Values) -> list[str]:
        """The mount is gone."""
        return [] if old.get("intact") else ["intact"]

    def update(self, context: Context, id: str, inputs: TalosNodeAuditInputs, old: Values) -> Values:
        """Bring it to the inputs."""
        return self._bring(context, inputs, str(old.get("before", "")))

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take out what is ours."""
        inputs = TalosNodeAuditInputs.of(old)
        node = inputs.reached(context)
        text = node.config()
        after = turn_off(text, inputs.setup(), str(old["before"]))
        if live(after) != live(text):
            node.bring(text, after, {})

    def _bring(self, context: Context, inputs: TalosNodeAuditInputs, before: str) -> Values:
        node = inputs.reached(context)
        try:
            text = node.config()
            node.hidden = [*node.hidden, *secrets_in(live(text).webhook)]
            after, known = turn_on(text, inputs.setup(), before)
            if not before:
                node.check()
            node.judge(after)
        except K8sAuditError as error:
            raise type(error)(f"node {inputs.node}: {error}{untouched(inputs.remaining)}") from None
        if live(after) == live(text):
            return _outputs(inputs, known, intact=True)
        try:
            node.bring(text, after, arguments_in(after, inputs.arguments))
        except BackError as error:
            raise BackError(f"{error}{untouched(inputs.remaining)}") from None
        except ChangeError as error:
            left = _outputs(inputs, known, intact=False)
            raise PartialError(f"{error}{untouched(inputs.remaining)}", inputs.address, left) from None
        return _outputs(inputs, known, intact=True)


def _outputs(inputs: TalosNodeAuditInputs, before: str, *, intact: bool) -> Values:
    digest = digest_of(inputs.policy, inputs.webhook, inputs.arguments)
    return inputs.values() | {"manifestDigest": digest, "intact": intact, "before": before}
