"""`IksAuditWebhook`: the audit webhook of a cluster of IBM Cloud Kubernetes Service."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Literal

from k8s_audit.control_plane.change import sha256
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.webhook import read_webhook
from k8s_audit.errors import CloudError
from k8s_audit.platforms.iks.api import API, IAM, IksApi, IksPlace, Webhook
from k8s_audit.platforms.iks.change import POLL, IksChange
from k8s_audit.platforms.iks.proxy import PROXY, client_certificate, webhook_of
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class IksAuditWebhookInputs(ResourceInputs):
    """See `k8s_audit.IksAuditWebhook`."""

    cluster: str
    webhook: str
    kubeconfig: str = ""
    audit_policy: Literal["default", "verbose"] = "default"
    resource_group: str = ""
    region: str = ""
    api_endpoint: str = API
    iam_endpoint: str = IAM
    adopt: bool = False
    refresh_timeout: str = "45m"

    def change(self, context: Context) -> IksChange:
        """The change of the cluster."""
        place = IksPlace(self.cluster, self.api_endpoint, self.iam_endpoint, self.resource_group, self.region)
        timeout = seconds(self.refresh_timeout)
        return IksChange(IksApi(place, context.stop), timeout, context.stop, context.say, min(POLL, timeout / 40))

    def wanted(self, api: IksApi) -> Webhook:
        """The webhook as IBM takes it."""
        return webhook_of(read_webhook(self.webhook), api, self.kubeconfig, self.audit_policy)


class IksAuditWebhookResource:
    """Where IBM's API servers send their events; set by IBM's API, and brought to them by a refresh of the master."""

    name = "IksAuditWebhook"
    inputs = IksAuditWebhookInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {"server": "string", "before": "string", "certificate": "string", "digest": "string", "intact": "boolean"}
    )
    secrets = frozenset({"webhook"})
    replaces = frozenset({"cluster", "apiEndpoint"})

    def preview(self, inputs: IksAuditWebhookInputs, old: Values | None) -> Values:
        """A plain preview asks IBM nothing."""
        return {"intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """What is set is read by `up`, and by `k8s-audit doctor`."""
        told = "IBM refreshes the master: its API servers restart, for minutes"
        if old:
            return told
        return f"cluster not read: a preview does not; `k8s-audit doctor --stack STACK` reads it and tells what `up` would do. {told}"

    def create(self, context: Context, name: str, inputs: IksAuditWebhookInputs) -> tuple[str, Values]:
        """Set it."""
        return f"iks:{inputs.cluster}", self._applied(context, inputs, {})

    def read(
        self, context: Context, id: str, inputs: IksAuditWebhookInputs | None, old: Values
    ) -> Read[IksAuditWebhookInputs] | None:
        """Where events go now, and whether the kubeconfig has another certificate since."""
        if inputs is None:
            raise CloudError("an IksAuditWebhook is not imported; adopt: true takes over what is there")
        there = inputs.change(context).api.webhook()
        if there is None:
            return None
        policy = inputs.audit_policy if there.policy not in ("default", "verbose") else there.policy
        now = inputs.model_copy(update={"audit_policy": policy})
        ours = str(old.get("server") or "")
        intact = there.server == ours and old.get("certificate") == _certificate(inputs)
        return Read(now, now.values() | {**_computed(old), "server": there.server, "intact": intact})

    def stale(self, old: Values) -> list[str]:
        """Events go elsewhere, or by a client certificate that is not the kubeconfig's any more."""
        return [] if old.get("intact") else ["intact"]

    def update(self, context: Context, id: str, inputs: IksAuditWebhookInputs, old: Values) -> Values:
        """Bring it to the inputs."""
        return self._applied(context, inputs, old)

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Put back what was there before us."""
        inputs = IksAuditWebhookInputs.of(old)
        inputs.change(context).restore(read_webhook(inputs.webhook).url, _before(old))

    def _applied(self, context: Context, inputs: IksAuditWebhookInputs, old: Values) -> Values:
        change = inputs.change(context)
        wanted = inputs.wanted(change.api)
        known = Webhook(str(old["server"])) if old else None
        if known and known.server == read_webhook(IksAuditWebhookInputs.of(old).webhook).url:
            known = IksAuditWebhookInputs.of(old).wanted(change.api)
        adopted = change.apply(wanted, known, inputs.adopt)
        before = json.dumps(asdict(adopted)) if adopted else str(old.get("before") or "")
        found = {"server": wanted.server, "before": before, "certificate": _certificate(inputs), "intact": True}
        return inputs.values() | found | {"digest": sha256(json.dumps(asdict(wanted)).encode())}


def _computed(old: Values) -> Values:
    return {key: old[key] for key in ("before", "certificate", "digest") if key in old}


def _before(old: Values) -> Webhook | None:
    text = str(old.get("before") or "")
    return Webhook(**json.loads(text)) if text else None


def _certificate(inputs: IksAuditWebhookInputs) -> str:
    """The digest of the client certificate that the kubeconfig has now; empty where none is used."""
    if not read_webhook(inputs.webhook).url.startswith(PROXY):
        return ""
    return sha256(client_certificate(inputs.kubeconfig)[0].encode())
