"""OpenShift 4.2 to 4.5 on a real kube-apiserver with OpenShift's own CRDs; what stands in for its operator rolls the arguments."""

import copy
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from k8s_audit.errors import ChangeError, ConflictError, HostError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.platforms.openshift_sink import change
from k8s_audit.provider.resource import Context, PartialError
from k8s_audit.provider.resources.openshift_audit_sink import OpenshiftAuditSinkInputs, OpenshiftAuditSinkResource
from tests.standins.api_server import ApiServer
from tests.standins.audit_sinks import FLAGS, GATES, SINKS, SinkOperator, openshift_43
from tests.standins.openshift import MERGE, OPERATORS

RESOURCE = OpenshiftAuditSinkResource()
OFF = {"feature-gates": GATES}
ON = {"audit-dynamic-configuration": ["true"], "feature-gates": [*GATES, FLAGS["feature-gates"]], "runtime-config": [FLAGS["runtime-config"]]}  # fmt: skip


@pytest.fixture(scope="module")
def api(cluster: LocalCluster) -> Iterator[ApiServer]:
    with openshift_43(cluster.kubeconfig) as made:
        yield made


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def context(said: list[str], monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(change, "POLL", 0.05)
    return Context(Event(), said.append)


def inputs(cluster: LocalCluster, **more: Any) -> OpenshiftAuditSinkInputs:
    given = {"sink": "k8s-audit", "url": "https://siem.example/a", "timeout": "30s"} | more
    return OpenshiftAuditSinkInputs(kubeconfig=str(cluster.kubeconfig), **given)


def spec_and_notes(operator: SinkOperator) -> Any:
    document = operator.settings()
    return document["spec"], document["metadata"].get("annotations")


def sinks(api: ApiServer) -> list[str]:
    return sorted(one["metadata"]["name"] for one in api.request("GET", SINKS)["items"])


def test_the_arguments_are_rolled_once_the_sink_changes_without_and_all_is_given_back(
    cluster: LocalCluster, api: ApiServer, context: Context, said: list[str]
) -> None:
    with SinkOperator(api) as operator:
        before = spec_and_notes(operator)
        wanted = inputs(cluster)
        _, outputs = RESOURCE.create(context, "s", wanted)
        assert operator.rolled == [ON]
        assert "waiting for the API servers: no revision has the arguments yet, as they are now" in said
        assert (outputs["pending"], outputs["intact"]) == (False, True)
        live = api.request("GET", f"{SINKS}/k8s-audit")
        assert live["spec"]["webhook"]["throttle"] == {"qps": 10, "burst": 15}
        read = RESOURCE.read(context, "", wanted, outputs)
        assert read
        assert (read.inputs, read.outputs) == (wanted, outputs)
        generation = live["metadata"]["resourceVersion"]
        assert RESOURCE.update(context, "", wanted, outputs) == outputs
        assert api.request("GET", f"{SINKS}/k8s-audit")["metadata"]["resourceVersion"] == generation

        other = inputs(cluster, sink="b", level="Request", url="https://siem.security.svc:9765/a", ca="PEM", burst=40)
        outputs = RESOURCE.update(context, "", other, outputs)
        assert (sinks(api), operator.rolled) == (["b"], [ON]), "nothing is restarted for that"
        read = RESOURCE.read(context, "", other, outputs)
        assert read
        assert (read.inputs, read.outputs) == (other, outputs)

        beside = inputs(cluster, sink="c")
        _, others = RESOURCE.create(context, "c", beside)
        RESOURCE.delete(context, "", others | {"sink": "c"})
        assert (sinks(api), operator.rolled) == (["b"], [ON])
        assert "AuditSinks b need the arguments, which stay" in said[-1]

        api.request("PATCH", f"{SINKS}/b", {"spec": {"policy": {"level": "None"}}}, MERGE)
        theirs = copy.deepcopy(operator.settings())
        del theirs["spec"]["unsupportedConfigOverrides"]["apiServerArguments"]["runtime-config"]
        theirs["metadata"]["annotations"].pop(RECORD)
        api.request("PUT", f"{OPERATORS}/cluster", theirs)
        read = RESOURCE.read(context, "", other, outputs)
        assert read
        assert (read.inputs.level, RESOURCE.stale(read.outputs)) == ("None", ["intact"])
        outputs = RESOURCE.update(context, "", other, outputs)
        assert operator.rolled[-1] == ON
        RESOURCE.delete(context, "", outputs)
        assert operator.rolled[-1] == OFF
        assert spec_and_notes(operator) == before
        RESOURCE.delete(context, "", outputs)
        assert spec_and_notes(operator) == before


def test_a_first_roll_that_fails_is_taken_back_with_the_operators_words_and_so_is_one_that_is_stopped(
    cluster: LocalCluster, api: ApiServer, context: Context, said: list[str]
) -> None:
    with SinkOperator(api) as operator:
        before = spec_and_notes(operator)
        operator.fault = "installer: no space left on device"
        with pytest.raises(
            ChangeError, match=r"gave up: revision \d+ failed on master-0: installer: no space"
        ) as caught:
            RESOURCE.create(context, "s", inputs(cluster))
        assert "taken out again; KubeAPIServer `cluster` is as it was before" in str(caught.value)
        assert (spec_and_notes(operator), operator.rolled) == (before, [OFF])

        operator.go.clear()
        context.stop.set()
        with pytest.raises(ChangeError, match="stopped while waiting for the API servers: no revision has"):
            RESOURCE.create(context, "s", inputs(cluster))
        assert spec_and_notes(operator) == before
        context.stop.clear()
        operator.go.set()


def test_what_hangs_later_stays_and_the_next_up_waits_on_or_writes_what_was_refused(
    cluster: LocalCluster, api: ApiServer, context: Context
) -> None:
    with SinkOperator(api) as operator:
        before = spec_and_notes(operator)
        with pytest.raises(
            PartialError, match=r"(?s)have the arguments, but AuditSink k8s-audit .*level: Unsupported"
        ) as refused:
            RESOURCE.create(context, "s", inputs(cluster, level="All"))
        assert RESOURCE.stale(refused.value.outputs) == ["pending"]
        outputs = RESOURCE.update(context, "", inputs(cluster), refused.value.outputs)
        assert (sinks(api), RESOURCE.stale(outputs), len(operator.rolled)) == (["k8s-audit"], [], 1)

        operator.go.clear()
        with pytest.raises(
            ChangeError, match=r"did not get there within 0\.2 s \(audit:platform\.rollTimeout\): no revision"
        ):
            RESOURCE.delete(context, "", outputs | {"timeout": "200ms"})
        operator.go.set()
        operator.wait_for(OFF)
        assert spec_and_notes(operator) == before


def test_another_version_another_cluster_and_what_is_somebody_elses_are_refused_before_anything_is_changed(
    cluster: LocalCluster, api: ApiServer, context: Context, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with SinkOperator(api) as operator:
        before = spec_and_notes(operator)
        operator.version = "4.6.1"
        revision = operator.settings()["status"]["latestAvailableRevision"]
        nodes = {f"master-{number}": revision for number in range(3)}
        operator.tell(revision, nodes)
        with pytest.raises(
            HostError, match=r"is OpenShift 4\.6\.1; only 4\.2 to 4\.5 have AuditSinks.*use kind: openshift"
        ):
            RESOURCE.create(context, "s", inputs(cluster))
        operator.version = "4.3.40"
        operator.tell(revision, nodes)
        assert spec_and_notes(operator) == before

        _, outputs = RESOURCE.create(context, "s", inputs(cluster))
        api.request("PATCH", f"{SINKS}/k8s-audit", {"metadata": {"labels": None}}, MERGE)
        with pytest.raises(
            ConflictError, match=r"AuditSink k8s-audit is there already and not ours.*audit:platform.sink"
        ):
            RESOURCE.update(context, "", inputs(cluster, level="Request"), outputs)
        RESOURCE.delete(context, "", outputs)
        assert said[-2] == "AuditSink k8s-audit is not ours any more; it stays"
        assert said[-1].startswith("AuditSinks k8s-audit need the arguments, which stay")
        api.request("DELETE", f"{SINKS}/k8s-audit")
        RESOURCE.delete(context, "", outputs)
        assert spec_and_notes(operator) == before
    monkeypatch.setattr(
        "k8s_audit.platforms.openshift_sink.cluster.OPERATOR", "/apis/operator.openshift.io/v1/kubeapiservers/other"
    )
    with pytest.raises(HostError, match="it is none of OpenShift 4"):
        RESOURCE.create(context, "s", inputs(cluster))
