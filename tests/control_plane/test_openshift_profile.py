"""OpenShift's audit profile on a real kube-apiserver with OpenShift's own CRDs; what stands in for its operator rolls the change."""

import json
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from k8s_audit.cli.findings import Finding
from k8s_audit.cli.profile import profile_findings
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import ChangeError, HostError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.platforms.openshift import profile
from k8s_audit.platforms.openshift.collector import API_VERSIONS, KIND, SPECS
from k8s_audit.provider.resource import Context, PartialError
from k8s_audit.provider.resources.openshift_audit_profile import (
    OpenshiftAuditProfileInputs,
    OpenshiftAuditProfileResource,
)
from tests.standins.api_server import ApiError, ApiServer
from tests.standins.openshift import NODES as NAMES
from tests.standins.openshift import OPERATORS, SETTINGS, Operator, logging_6, openshift

RESOURCE = OpenshiftAuditProfileResource()
NODES = [{"group": "system:nodes", "profile": "Default"}]


@pytest.fixture(scope="module")
def api(cluster: LocalCluster) -> Iterator[ApiServer]:
    with openshift(cluster.kubeconfig) as made:
        yield made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "POLL", 0.05)


def inputs(cluster: LocalCluster, wanted: str, timeout: str = "30s", **more: Any) -> OpenshiftAuditProfileInputs:
    return OpenshiftAuditProfileInputs(kubeconfig=str(cluster.kubeconfig), profile=wanted, timeout=timeout, **more)  # type: ignore[arg-type]


def annotation(api: ApiServer) -> str | None:
    found: str | None = api.request("GET", f"{SETTINGS}/cluster")["metadata"].get("annotations", {}).get(RECORD)
    return found


def test_a_profile_is_set_waited_for_and_put_back_and_what_somebody_else_set_since_stays(
    cluster: LocalCluster, api: ApiServer
) -> None:
    said: list[str] = []
    context = Context(Event(), said.append)
    bodies, all_bodies = inputs(cluster, "WriteRequestBodies", custom_rules=NODES), inputs(cluster, "AllRequestBodies")
    with Operator(api) as operator:
        _, outputs = RESOURCE.create(context, "p", bodies)
        assert operator.rolled == [{"profile": "WriteRequestBodies", "customRules": NODES}]
        assert outputs["pending"] is False
        assert said[0].startswith("waiting for the API servers: ")
        again = RESOURCE.update(context, "", bodies, outputs)
        assert (again, len(operator.rolled)) == (outputs, 1)
        read = RESOURCE.read(context, "", bodies, outputs)
        assert read
        assert read.outputs == outputs

        outputs = RESOURCE.update(context, "", all_bodies, outputs)
        assert operator.rolled[-1] == {"profile": "AllRequestBodies"}
        assert json.loads(annotation(api) or "")["audit"] == {"profile": "Default"}
        RESOURCE.delete(context, "", outputs)
        assert (operator.audit(), operator.rolled[-1], annotation(api)) == ({"profile": "Default"},) * 2 + (None,)

        _, outputs = RESOURCE.create(context, "p", bodies)
        api.request(
            "PATCH", f"{SETTINGS}/cluster", {"spec": {"audit": {"profile": "None"}}}, "application/merge-patch+json"
        )
        read = RESOURCE.read(context, "", bodies, outputs)
        assert read
        assert read.inputs.profile == "None"
        RESOURCE.delete(context, "", outputs)
        assert (operator.audit()["profile"], annotation(api)) == ("None", None)
        assert "somebody changed spec.audit since" in said[-1]
        api.request(
            "PATCH",
            f"{SETTINGS}/cluster",
            {"spec": {"audit": {"profile": "Default", "customRules": None}}},
            "application/merge-patch+json",
        )
        operator.wait_for({"profile": "Default"})


def test_an_operator_that_hangs_is_told_of_by_its_own_words_and_the_next_up_waits_on(
    cluster: LocalCluster, api: ApiServer
) -> None:
    context = Context(Event(), lambda line: None)
    with Operator(api) as operator:
        operator.go.clear()
        with pytest.raises(PartialError, match="the operator has not made the policy yet") as caught:
            RESOURCE.create(context, "p", inputs(cluster, "WriteRequestBodies", "200ms"))
        assert RESOURCE.stale(caught.value.outputs) == ["pending"]
        operator.go.set()
        outputs = RESOURCE.update(context, "", inputs(cluster, "WriteRequestBodies"), caught.value.outputs)
        assert (outputs["pending"], len(operator.rolled)) == (False, 1)

        operator.go.clear()
        with pytest.raises(ChangeError, match="the operator has not made the policy yet"):
            RESOURCE.delete(context, "", outputs | {"timeout": "200ms"})
        assert operator.audit() == {"profile": "Default"}
        operator.go.set()
        operator.wait_for({"profile": "Default"})
        RESOURCE.delete(context, "", outputs)
        assert (operator.audit(), annotation(api)) == ({"profile": "Default"}, None)


def test_a_profile_that_is_there_already_changes_nothing_and_is_not_put_back(
    cluster: LocalCluster, api: ApiServer
) -> None:
    with Operator(api) as operator:
        _, outputs = RESOURCE.create(Context(Event(), print), "p", inputs(cluster, "Default"))
        RESOURCE.delete(Context(Event(), print), "", outputs)
        assert (outputs["record"], operator.rolled, annotation(api)) == ("", [], None)


def test_doctor_tells_what_is_recorded_what_would_change_and_how_the_operator_is(
    cluster: LocalCluster, api: ApiServer
) -> None:
    def told(**platform: Any) -> Finding:
        values = {
            "cluster": {"name": "prod-1", "kubeconfig": str(cluster.kubeconfig)},
            "platform": {"kind": "openshift", **platform},
            "receivers": [{"kind": "http", "name": "siem", "url": "https://siem.example/"}],
        }
        stack = load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})
        (found,) = profile_findings(stack, str(cluster.kubeconfig))
        return found

    assert told() == Finding("OpenShift 4.18.3: its API servers record by profile Default", ["nothing to do"])
    assert told(profile="Default").said == ["nothing to do"]
    (change,) = told(profile="AllRequestBodies").said
    assert change.startswith('set spec.audit: {"profile": "AllRequestBodies"}; each API server is restarted')
    revision = api.request("GET", f"{OPERATORS}/cluster")["status"]["latestAvailableRevision"]
    Operator(api).tell(revision, dict.fromkeys(NAMES, revision), "NodeInstallerDegraded: no space left")
    degraded = told()
    Operator(api).tell(revision, dict.fromkeys(NAMES, revision))
    assert degraded.wrong
    assert degraded.said[1:] == ["ClusterOperator kube-apiserver Degraded=True: NodeInstallerDegraded: no space left"]


def test_a_cluster_of_another_kind_is_told(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "k8s_audit.platforms.openshift.cluster.SETTINGS", "/apis/config.openshift.io/v1/apiservers/other"
    )
    with pytest.raises(HostError, match="it is none of OpenShift 4"):
        RESOURCE.create(Context(Event(), print), "p", inputs(cluster, "Default"))


@pytest.mark.parametrize("logging", [5, 6])
def test_the_operators_own_definition_takes_the_collector_strictly(logging: int, api: ApiServer) -> None:
    version = API_VERSIONS[logging]
    if logging == 6 and not logging_6():
        pytest.skip(
            "logging 6: the Go module proxy has no module with its CRD; CLUSTERLOGFORWARDERS_6 is the path of one"
        )
    path = f"/apis/{version}/namespaces/openshift-logging/clusterlogforwarders"
    spec = SPECS[logging](
        "k8s-audit", "https://k8s-audit-forwarder.k8s-audit.svc/", "a", {"node-role.kubernetes.io/master": ""}
    )
    body = {"apiVersion": version, "kind": KIND, "metadata": {"name": "k8s-audit"}, "spec": spec}
    api.request("POST", path, body, fieldValidation="Strict", dryRun="All")
    with pytest.raises(ApiError, match="unknown field"):
        api.request("POST", path, body | {"spec": spec | {"sources": []}}, fieldValidation="Strict", dryRun="All")
