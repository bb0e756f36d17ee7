"""The audit webhook of an IKS cluster, set by IBM's API: order, faults, the way back. IBM is a stand-in."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import ChangeError, CloudError, ConflictError
from k8s_audit.platforms.iks import api as rest
from k8s_audit.platforms.iks.api import IksApi, IksPlace, Webhook
from k8s_audit.platforms.iks.change import IksChange
from k8s_audit.platforms.iks.proxy import proxied
from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources.iks_audit_webhook import IksAuditWebhookInputs, IksAuditWebhookResource
from k8s_audit.receivers.address import ServiceAddress
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.ibm_cloud import AUTHORITY, CLUSTER, KEY, TOKEN, IbmCloud

OURS = Webhook("https://siem.example/audit", "CA", "CERTIFICATE", "KEY-4713-secret", "default")
THEIRS = {"auditServer": "https://theirs.example/", "caCertificate": "THEIRS"}


@pytest.fixture
def ibm(monkeypatch: pytest.MonkeyPatch) -> Iterator[IbmCloud]:
    monkeypatch.setenv("IBMCLOUD_API_KEY", KEY)
    monkeypatch.setattr(rest, "PAUSE", 0.01)
    with IbmCloud(takes=0.05) as made:
        yield made


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def change(ibm: IbmCloud, said: list[str]) -> IksChange:
    place = IksPlace(CLUSTER, ibm.url, ibm.url, "group-1", "eu-de")
    return IksChange(IksApi(place, Event()), 10, Event(), said.append, poll=0.01)


def test_it_is_set_the_master_refreshed_and_waited_for_and_all_goes_back(
    ibm: IbmCloud, change: IksChange, said: list[str]
) -> None:
    assert change.plan(OURS, None, False) == [
        "set the audit webhook to https://siem.example/audit",
        "refresh the master; its API servers restart",
    ]
    assert ibm.set is None
    assert change.apply(OURS, None, False) is None
    assert ibm.live == {
        "auditServer": OURS.server,
        "caCertificate": "CA",
        "clientCertificate": "CERTIFICATE",
        "clientKey": OURS.key,
        "policy": "default",
    }
    assert said[-1] == "the master is deploying, Master refresh in progress."
    assert change.plan(OURS, None, False) == []
    asked = [header for header, call in zip(ibm.headers, ibm.calls, strict=True) if call != "POST /identity/token"]
    assert {(one["X-Auth-Resource-Group"], one["X-Region"]) for one in asked} == {("group-1", "eu-de")}
    assert ibm.calls.count("POST /identity/token") == 1, "a token lasts"
    change.restore(OURS.server, None)
    assert not ibm.set
    assert not ibm.live
    change.restore(OURS.server, None)


def test_somebody_elses_is_a_conflict_or_taken_over_and_put_back(ibm: IbmCloud, change: IksChange) -> None:
    ibm.set = dict(THEIRS)
    with pytest.raises(
        ConflictError, match=r"already has an audit webhook, https://theirs.example/, and has one alone"
    ):
        change.apply(OURS, None, False)
    before = change.apply(OURS, None, True)
    assert before == Webhook("https://theirs.example/", "THEIRS")
    change.restore(OURS.server, before)
    assert ibm.live == THEIRS
    ibm.set = THEIRS | {"clientCertificate": "X", "clientKey": "Y"}
    with pytest.raises(ConflictError, match="whose key IBM does not tell, so it could not be put back"):
        change.apply(OURS, None, True)
    assert ibm.set["clientKey"] == "Y"


def test_what_somebody_set_since_is_seen_and_stays_at_the_end(
    ibm: IbmCloud, change: IksChange, said: list[str]
) -> None:
    change.apply(OURS, None, False)
    ibm.set = dict(THEIRS)
    with pytest.raises(ConflictError, match=r"is https://theirs.example/ since somebody changed it from https://siem"):
        change.apply(replace(OURS, ca="another"), OURS, False)
    change.restore(OURS.server, None)
    assert ibm.set == THEIRS
    assert "which is not ours; it stays" in said[-1]


def test_a_refresh_that_fails_gives_back_what_was_there_ours_with_its_key(ibm: IbmCloud, change: IksChange) -> None:
    change.apply(OURS, None, False)
    ours = ibm.set
    ibm.fails = True
    with pytest.raises(ChangeError, match=r"it is deploy_failed, The master could not be refreshed") as caught:
        change.apply(replace(OURS, server="https://other.example/"), OURS, False)
    assert "has the audit webhook https://siem.example/audit again, as before" in str(caught.value)
    assert ibm.set == ours
    assert ibm.calls[-1] == f"PUT /v1/logging/{CLUSTER}/refresh"


def test_where_somebody_elses_was_seen_by_a_refresh_a_failure_gives_that_back(ibm: IbmCloud, change: IksChange) -> None:
    change.apply(OURS, None, False)
    ibm.set, ibm.fails = dict(THEIRS), True
    with pytest.raises(ChangeError, match=r"has the audit webhook https://theirs.example/ again, as before"):
        change.apply(OURS, Webhook(THEIRS["auditServer"]), False)
    assert ibm.set == THEIRS


def test_a_refresh_that_never_ends_and_a_stop_go_back_too(ibm: IbmCloud, change: IksChange) -> None:
    ibm.takes = 60
    with pytest.raises(ChangeError, match=r"after 0 s the master is deployed, Ready\nThe cluster has no audit webhook"):
        replace(change, timeout=0.05).apply(OURS, None, False)
    assert ibm.set is None
    change.stop.set()
    with pytest.raises(ChangeError, match="stopped while waiting for the master"):
        change.apply(OURS, None, False)
    assert ibm.set is None
    ibm.refuse = "DELETE"
    with pytest.raises(
        ChangeError, match=r"(?s)The way back failed, too: IBM Cloud: DELETE .*403.*`destroy` takes it out"
    ):
        change.apply(OURS, None, False)


def test_what_is_found_before_changes_nothing_and_no_secret_is_said(
    ibm: IbmCloud, change: IksChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []

    def refused(match: str) -> None:
        with pytest.raises(CloudError, match=match) as caught:
            change.apply(OURS, None, False)
        texts.append(str(caught.value))

    ibm.state = "deploying"
    refused("the master of cluster bk7v2prod0example is deploying, Ready; nothing was changed")
    ibm.state, ibm.refuse = "deployed", "PUT"
    refused(r"PUT /v1/clusters/.*/apiserverconfigs/auditwebhook: 403: You do not have the required role\.$")
    ibm.refuse, ibm.busy = "", rest.TRIES
    refused("503: try again")
    assert ibm.set is None
    ibm.busy = rest.TRIES - 1
    change.apply(OURS, None, False)
    change = replace(change, api=IksApi(replace(change.api.place, cluster="another"), Event()))
    refused("The specified cluster could not be found")
    monkeypatch.setenv("IBMCLOUD_API_KEY", "wrong-4714-secret")
    change = replace(change, api=IksApi(change.api.place, Event()))
    refused(
        "takes the API key of IBMCLOUD_API_KEY or IC_API_KEY for no token: 400: Provided API key could not be found"
    )
    monkeypatch.delenv("IBMCLOUD_API_KEY")
    refused("no API key of IBM Cloud: set IBMCLOUD_API_KEY or IC_API_KEY")
    change = replace(change, api=IksApi(replace(change.api.place, iam="http://127.0.0.1:1"), Event(), lambda: KEY))
    refused("127.0.0.1 does not answer: ConnectError")
    for secret in (KEY, TOKEN, OURS.key, "wrong-4714-secret"):
        assert secret not in "".join(texts)


def test_through_the_proxy_the_kubeconfigs_certificate_goes_along_and_another_one_is_seen(
    ibm: IbmCloud, change: IksChange, tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"

    def downloaded(text: str) -> None:
        user = {
            f"client-{name}-data": base64.b64encode(f"{text} {name}".encode()).decode()
            for name in ("certificate", "key")
        }
        cluster = {"server": "https://c2.example", "certificate-authority-data": base64.b64encode(b"CA").decode()}
        config = {
            "contexts": [{"name": "c", "context": {"cluster": "a", "user": "u"}}],
            "clusters": [{"name": "a", "cluster": cluster}],
            "users": [{"name": "u", "user": user}],
            "current-context": "c",
        }
        kubeconfig.write_text(json.dumps(config))

    downloaded("first")
    url = proxied(ServiceAddress("falco", "falco-k8saudit", 9765, "/k8s-audit"))
    given = IksAuditWebhookInputs(
        cluster=CLUSTER,
        webhook=render_webhook(ReceiverEndpoint("falco", url)),
        kubeconfig=str(kubeconfig),
        api_endpoint=ibm.url,
        iam_endpoint=ibm.url,
        refresh_timeout="10s",
    )
    resource, context = IksAuditWebhookResource(), Context(Event(), change.say)
    id, outputs = resource.create(context, "prod-1", given)
    assert ibm.live
    assert (ibm.live["auditServer"], ibm.live["caCertificate"]) == (url, AUTHORITY)
    assert (ibm.live["clientCertificate"], ibm.live["clientKey"]) == ("first certificate", "first key")
    assert "first key" not in json.dumps(outputs)
    found = resource.read(context, id, given, outputs)
    assert found
    assert (found.inputs, resource.stale(found.outputs)) == (given, [])
    downloaded("second")
    found = resource.read(context, id, given, outputs)
    assert found
    assert resource.stale(found.outputs) == ["intact"]
    outputs = resource.update(context, id, given, found.outputs)
    assert ibm.live["clientKey"] == "second key"
    ibm.set = None
    assert resource.read(context, id, given, outputs) is None
    ibm.set = ibm.live
    resource.delete(context, id, outputs)
    assert not ibm.set
    kubeconfig.write_text("{}")
    with pytest.raises(CloudError, match=r"cannot be used|has no client certificate"):
        resource.create(context, "prod-1", given)
