"""GKE's LogEntries become audit events by the real Bento: real events there and back, published shapes, and what is no LogEntry."""

import copy
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_audit.audit_policy.coverage import effects_of
from k8s_audit.delivery.convert import convert
from k8s_audit.delivery.pipeline.annotate import CLUSTER, REGION
from k8s_audit.delivery.pipeline.decode_gke import LOST
from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited
from tests.delivery.pipeline.decoding import Decoding, decoding
from tests.delivery.pipeline.traffic import Traffic, administrator, events_of
from tests.project import CHECKOUT
from tests.standins.falco_rules import Rules
from tests.standins.gke_log import CODES, UNKNOWN, GkeLog
from tests.unit.audit_policy.cloud_policies import RECORDED
from tests.unit.audit_policy.falco_samples import FIRES

Json = dict[str, Any]
ENOUGH = 2000
NAMESPACES = 8
NEEDED = ("auditID", "verb", "stage", "stageTimestamp", "requestURI", "level", "user", "responseStatus")


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Decoding]:
    with decoding(tmp_path_factory.mktemp("gke"), "gke") as running:
        yield running


@pytest.fixture(scope="module")
def real_events(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """Of a real API server: all verbs, subresources, groups and failures."""
    folder = tmp_path_factory.mktemp("audit")
    with audited(cluster, folder, "full") as log:
        with administrator(cluster, folder) as client:
            Traffic(client).all(NAMESPACES)
        return events_of(log)


Losses = dict[str, Callable[[Json], Json]]


def lose(event: Json) -> tuple[Json, set[str]]:
    """What GKE leaves of an event, with the keys of LOST that it took; whatever else differs is a fault of ours."""
    left, lost = copy.deepcopy(event), set()

    def take(key: str, holds: object) -> bool:
        assert key in LOST
        if holds:
            lost.add(key)
        return bool(holds)

    if take("user.groups", set(left["user"]) - {"username"}):
        left["user"] = {key: value for key, value in left["user"].items() if key == "username"}
    take("impersonatedUser", left.pop("impersonatedUser", None))
    left.pop("authenticationMetadata", None)
    path, mark, _ = left["requestURI"].partition("?")
    take("requestURI's query", mark)
    left["requestURI"] = "/" + path.strip("/")
    if take("sourceIPs beyond the first", len(left.get("sourceIPs", [])) > 1):
        left["sourceIPs"] = left["sourceIPs"][:1]
    if take("requestReceivedTimestamp", left["requestReceivedTimestamp"] != left["stageTimestamp"]):
        left["requestReceivedTimestamp"] = left["stageTimestamp"]
    named = left.get("objectRef", {})
    if take("objectRef's uid and resourceVersion", named.keys() & {"uid", "resourceVersion"}):
        left["objectRef"] = {key: value for key, value in named.items() if key not in ("uid", "resourceVersion")}
    if isinstance(left.get("requestObject"), list):  # no Struct holds it
        del left["requestObject"]
    has = ["requestObject" in left, "responseObject" in left]
    level = "RequestResponse" if has[1] else "Request" if has[0] else "Metadata"
    if take("level", left["level"] != level):
        left["level"] = level
    left["responseStatus"] = lose_status(left, take)
    return left, lost


def lose_status(event: Json, take: Callable[[str, object], bool]) -> Json:
    """What is left of the answer."""
    status, answer = dict(event.get("responseStatus", {})), event.get("responseObject", {})
    code, told = status.get("code", 0), answer.get("kind") == "Status"
    if code < 300:
        usual = 101 if code == 101 else 201 if event["verb"] == "create" and "objectRef" in event else 200
        if take("code of a success", code != usual and not (told and answer.get("code"))):
            status["code"] = usual
        return status if told else {"metadata": {}, "code": status["code"]}
    if told and answer.get("code"):
        return status
    rpc = CODES.get(code, UNKNOWN)
    invalid = re.match(r'\S+ ".*" is invalid(:|$)', status.get("message", ""), re.DOTALL)
    back = 422 if invalid else {v: k for k, v in CODES.items()}.get(rpc, 500)
    reasons = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 422: "Invalid", 429: "TooManyRequests"}
    kept = {"metadata": {}, "status": "Failure", "code": back}
    kept |= {"message": status["message"]} if status.get("message") else {}
    kept |= {"reason": reasons[back]} if back in reasons else {}
    take("code of a failure", back != code)
    take("reason and details of a failure", kept.keys() != status.keys() or kept.get("reason") != status.get("reason"))
    return kept


def test_real_events_come_back_but_for_what_no_log_entry_has(real_events: list[Json], tmp_path: Path) -> None:
    log, lost, wrong = GkeLog(), Counter[str](), []
    records = tmp_path / "records.jsonl"
    records.write_text("".join(json.dumps(log.entry(event)) + "\n" for event in real_events))
    with records.open("rb") as file:
        converted = list(convert("gke", file))
    assert [one.fault for one in converted if one.fault] == []
    assert [one.line for one in converted] == list(range(1, len(real_events) + 1))
    for event, one in zip(real_events, converted, strict=True):
        back = json.loads(one.event or "")
        assert {key: back["annotations"].pop(key) for key in log.labels} == log.labels
        assert back["annotations"].pop(CLUSTER, "shop") == "shop"
        assert back["annotations"].pop(REGION, "europe-west1") == "europe-west1"
        if not back["annotations"]:
            del back["annotations"]
        wanted, taken = lose(event)
        lost.update(taken)
        if wanted != back:
            wrong.append((wanted, back))
    assert not wrong, f"{len(wrong)} of {len(real_events)}: {differences(*wrong[0])}"
    assert len(real_events) >= ENOUGH
    assert lost.keys() == LOST.keys() - {"sourceIPs beyond the first"}  # nothing stands before this API server


def test_the_real_events_are_of_all_sorts(real_events: list[Json]) -> None:
    """Or the round trip would prove little."""
    verbs = {event["verb"] for event in real_events}
    assert verbs >= {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "post"}
    codes = {event["responseStatus"]["code"] for event in real_events if "responseStatus" in event}
    assert codes >= {200, 201, 400, 401, 403, 404, 409, 422}
    subresources = {event["objectRef"].get("subresource") for event in real_events if "objectRef" in event}
    assert subresources >= {
        "exec",
        "attach",
        "portforward",
        "status",
        "finalize",
        "scale",
        "token",
        "eviction",
        "proxy",
        "log",
    }
    assert {event["stage"] for event in real_events} == {"ResponseStarted", "ResponseComplete"}
    assert any("objectRef" not in event for event in real_events)
    groups = {event["objectRef"].get("apiGroup", "") for event in real_events if "objectRef" in event}
    assert groups >= {"", "apps", "rbac.authorization.k8s.io", "shop.example.com"}


def test_the_page_lists_what_is_lost() -> None:
    page = (CHECKOUT / "docs" / "gke-mapping.md").read_text()
    assert re.findall(r"^\| ([^|`]+) \| (.+) \|$", page.partition("| lost | why |")[2], re.MULTILINE)[1:] == list(
        LOST.items()
    )


def differences(wanted: Any, got: Any, path: str = "") -> list[str]:
    """Where two values differ."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        keys = sorted(wanted.keys() | got.keys())
        return [found for key in keys for found in differences(wanted.get(key), got.get(key), f"{path}/{key}")]
    return [] if wanted == got else [f"{path}: {str(wanted)[:200]} became {str(got)[:200]}"]


def entry(method: str, name: str, **payload: Any) -> Json:
    """A LogEntry of GKE, as published ones look; `operation` and `labels` are the entry's, the rest the payload's."""
    operation = payload.pop("operation", {"first": True, "last": True})
    labels = payload.pop("labels", {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""})
    return {
        "insertId": "1q2w3e4r",
        "logName": "projects/acme/logs/cloudaudit.googleapis.com%2Factivity",
        "operation": {"id": "fc7b6727-7e61-4fc8-9a10-1287b3180d47", "producer": "k8s.io", **operation},
        "labels": labels,
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": method,
            "resourceName": name,
            "status": {},
            "authenticationInfo": {"principalEmail": "ada@example.com"},
            "authorizationInfo": [{"granted": True, "permission": method, "resource": name}],
            "requestMetadata": {"callerIp": "203.0.113.7", "callerSuppliedUserAgent": "kubectl/v1.34.4"},
            **payload,
        },
        "receiveTimestamp": "2026-11-25T10:00:03.123456789Z",
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "shop", "location": "europe-west1"}},
        "timestamp": "2026-11-25T10:00:01.4108Z",
    }


def test_an_exec_begins_with_101_which_is_no_code_of_rpc(decoder: Decoding) -> None:
    name = "core/v1/namespaces/default/pods/web-0/exec"
    for method, tail in (("create", "/web-0"), ("get", "")):
        record = entry(
            f"io.k8s.core.v1.pods.exec.{method}",
            name + tail,
            status={"code": 2, "message": "UNKNOWN"},
            operation={"first": True},
        )
        (event,) = decoder.of(record).events
        assert (event["stage"], event["verb"], event["responseStatus"]["code"]) == ("ResponseStarted", method, 101)
        assert event["requestURI"] == "/api/v1/namespaces/default/pods/web-0/exec"
        assert event["objectRef"] == {
            "resource": "pods", "namespace": "default", "name": "web-0", "apiVersion": "v1", "subresource": "exec",
        }  # fmt: skip
        assert event["auditID"] == "fc7b6727-7e61-4fc8-9a10-1287b3180d47"
        assert event["stageTimestamp"] == event["requestReceivedTimestamp"] == "2026-11-25T10:00:01.410800Z"
        assert "reason" not in event["responseStatus"]
        (ended,) = decoder.of(record | {"operation": {"id": "a", "last": True}}).events
        assert ended["stage"] == "ResponseComplete"
        (old,) = decoder.of(record | {"operation": {"id": "a", "producer": "k8s.io"}}).events
        assert old["stage"] == "ResponseStarted"
    denied = entry("io.k8s.core.v1.pods.exec.create", name, status={"code": 7, "message": "PERMISSION_DENIED"})
    (event,) = decoder.of(denied).events
    assert (event["stage"], event["responseStatus"]["code"]) == ("ResponseComplete", 403)
    assert event["responseStatus"] == {"metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403}


def test_a_delete_that_finds_nothing_has_the_answers_own_status(decoder: Decoding) -> None:
    answer = {
        "@type": "core.k8s.io/v1.Status", "apiVersion": "v1", "kind": "Status", "metadata": {}, "code": 404,
        "details": {"kind": "services", "name": "web"}, "message": 'services "web" not found',
        "reason": "NotFound", "status": "Failure",
    }  # fmt: skip
    options = {"@type": "core.k8s.io/v1.DeleteOptions", "apiVersion": "v1", "kind": "DeleteOptions"}
    record = entry(
        "io.k8s.core.v1.services.delete",
        "core/v1/namespaces/default/services/web",
        status={"code": 5, "message": "NOT_FOUND"},
        request=options,
        response=answer,
    )
    (event,) = decoder.of(record).events
    assert event["responseStatus"] == {
        "metadata": {}, "status": "Failure", "message": 'services "web" not found', "reason": "NotFound",
        "details": {"kind": "services", "name": "web"}, "code": 404,
    }  # fmt: skip
    assert event["requestObject"] == {"apiVersion": "v1", "kind": "DeleteOptions"}
    assert event["responseObject"]["kind"] == "Status"
    assert "@type" not in event["responseObject"]
    assert event["level"] == "RequestResponse"


def test_a_configmap_made_has_its_name_in_the_object_and_not_in_the_path(decoder: Decoding) -> None:
    (event,) = decoder.of(
        entry("io.k8s.core.v1.configmaps.create", "core/v1/namespaces/default/configmaps/my-config")
    ).events
    assert event["requestURI"] == "/api/v1/namespaces/default/configmaps"
    assert event["objectRef"]["name"] == "my-config"
    assert "apiGroup" not in event["objectRef"]
    assert (event["level"], event["responseStatus"]) == ("Metadata", {"metadata": {}, "code": 201})
    assert event["user"] == {"username": "ada@example.com"}
    assert (event["sourceIPs"], event["userAgent"]) == (["203.0.113.7"], "kubectl/v1.34.4")
    assert event["annotations"] == {
        "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "", "cluster_name": "shop",
        "location": "europe-west1", "k8s-audit/cluster": "shop", "k8s-audit/region": "europe-west1",
    }  # fmt: skip


def test_a_pod_with_a_generated_name_has_it_in_the_answer_alone(decoder: Decoding) -> None:
    body = {"@type": "core.k8s.io/v1.Pod", "apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}}
    made = body | {"metadata": {"generateName": "web-", "name": "web-x7", "namespace": "default"}}
    (event,) = decoder.of(
        entry("io.k8s.core.v1.pods.create", "core/v1/namespaces/default/pods", request=body, response=made)
    ).events
    assert event["objectRef"] == {"resource": "pods", "namespace": "default", "apiVersion": "v1"}
    assert event["responseObject"]["metadata"]["name"] == "web-x7"
    assert event["requestURI"] == "/api/v1/namespaces/default/pods"


def test_a_binding_to_cluster_admin_keeps_its_group_and_bodies(decoder: Decoding) -> None:
    body = {
        "@type": "rbac.authorization.k8s.io/v1.ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "metadata": {"name": "evil", "creationTimestamp": None},
    }
    method = "io.k8s.authorization.rbac.v1.clusterrolebindings.create"
    (event,) = decoder.of(entry(method, "rbac.authorization.k8s.io/v1/clusterrolebindings/evil", request=body)).events
    assert event["objectRef"] == {
        "resource": "clusterrolebindings", "name": "evil", "apiGroup": "rbac.authorization.k8s.io", "apiVersion": "v1",
    }  # fmt: skip
    assert event["requestURI"] == "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    assert event["requestObject"]["roleRef"]["name"] == "cluster-admin"
    assert event["requestObject"]["metadata"] == {"name": "evil", "creationTimestamp": None}
    assert event["level"] == "Request"


@pytest.mark.parametrize(
    ("method", "name", "uri", "named"),
    [
        ("core.v1.namespaces.finalize.update", "core/v1/namespaces/x/finalize", "/api/v1/namespaces/x/finalize",
         {"resource": "namespaces", "namespace": "x", "name": "x", "subresource": "finalize"}),
        ("core.v1.namespaces.delete", "core/v1/namespaces/x", "/api/v1/namespaces/x",
         {"resource": "namespaces", "namespace": "x", "name": "x"}),
        ("core.v1.namespaces.list", "core/v1/namespaces", "/api/v1/namespaces", {"resource": "namespaces"}),
        ("core.v1.nodes.list", "core/v1/nodes", "/api/v1/nodes", {"resource": "nodes"}),
        ("core.v1.nodes.status.patch", "core/v1/nodes/n/status", "/api/v1/nodes/n/status",
         {"resource": "nodes", "name": "n", "subresource": "status"}),
        ("core.v1.nodes.proxy.get", "core/v1/nodes/n/proxy/metrics/cadvisor", "/api/v1/nodes/n/proxy/metrics/cadvisor",
         {"resource": "nodes", "name": "n", "subresource": "proxy"}),
        ("core.v1.pods.portforward.create", "core/v1/namespaces/a/pods/p/portforward",
         "/api/v1/namespaces/a/pods/p/portforward",
         {"resource": "pods", "namespace": "a", "name": "p", "subresource": "portforward"}),
        ("core.v1.configmaps.watch", "core/v1/namespaces/a/configmaps/c", "/api/v1/namespaces/a/configmaps",
         {"resource": "configmaps", "namespace": "a", "name": "c"}),
    ],
)  # fmt: skip
def test_a_resource_name_is_the_object_and_the_path(
    method: str, name: str, uri: str, named: Json, decoder: Decoding
) -> None:
    (event,) = decoder.of(entry(f"io.k8s.{method}", name)).events
    assert event["requestURI"] == uri
    assert event["objectRef"] == named | {"apiVersion": "v1"}


def test_a_path_that_is_no_resource_has_no_object(decoder: Decoding) -> None:
    (event,) = decoder.of(
        entry("io.k8s.get", "readyz", authenticationInfo={"principalEmail": "system:anonymous"})
    ).events
    assert (event["requestURI"], event["verb"], event["user"]) == ("/readyz", "get", {"username": "system:anonymous"})
    assert "objectRef" not in event
    assert event["responseStatus"]["code"] == 200


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ({"code": 4, "message": "Timeout: request did not complete"}, 504, None),
        ({"code": 2, "message": 'ConfigMap "a b" is invalid: metadata.name: Invalid value'}, 422, "Invalid"),
        ({"code": 3, "message": 'Pod "x" is invalid: [spec.containers: Required value]'}, 422, "Invalid"),
        ({"code": 3, "message": "the body of the request was in an unknown format"}, 400, None),
        ({"code": 10, "message": 'pods "x" already exists'}, 409, None),
        ({"code": 16}, 401, "Unauthorized"),
        ({"code": 14, "message": "UNAVAILABLE"}, 503, None),
        ({"code": 2, "message": "UNKNOWN"}, 500, None),
        ({"code": 99}, 500, None),
        ({"code": "7"}, 403, "Forbidden"),
    ],
)  # fmt: skip
def test_a_failure_without_an_answer_has_the_code_of_its_status(
    status: Json, code: int, reason: str | None, decoder: Decoding
) -> None:
    (event,) = decoder.of(
        entry("io.k8s.core.v1.configmaps.create", "core/v1/namespaces/a/configmaps/c", status=status)
    ).events
    told = event["responseStatus"]
    assert (told["code"], told.get("reason"), told["status"]) == (code, reason, "Failure")
    assert told.get("message") == (None if status.get("message", "").isupper() else status.get("message"))


def test_falcos_rules_fire_on_what_comes_back_as_the_table_of_clouds_says(decoder: Decoding) -> None:
    rules, log, recorded = Rules(), GkeLog(), RECORDED["gke", "data-access"]
    silent = {each.rule for each in effects_of("gke", "data-access") if each.effect == "silent"}
    for rule, samples in FIRES.items():
        for sample in filter(None, map(recorded, samples)):
            (event,) = decoder.of(log.entry(sample)).events
            assert rules.fires(rule, event) == (rule not in silent), (rule, event)


def test_an_event_that_was_cut_is_counted(decoder: Decoding) -> None:
    before = decoder.counted("truncated").get("", 0)
    record = entry(
        "io.k8s.core.v1.pods.update", "core/v1/namespaces/a/pods/p", labels={"audit.k8s.io/truncated": "true"}
    )
    (event,) = decoder.of(record).events
    assert event["annotations"]["audit.k8s.io/truncated"] == "true"
    assert decoder.counted("truncated")[""] == before + 1


def test_a_label_of_the_entry_goes_before_one_of_its_cluster(decoder: Decoding) -> None:
    record = entry("io.k8s.core.v1.pods.delete", "core/v1/namespaces/a/pods/p", labels={"location": "mine"})
    (event,) = decoder.of(record).events
    assert (event["annotations"]["location"], event["annotations"]["cluster_name"]) == ("mine", "shop")


def test_no_label_says_of_which_cluster_an_event_is(decoder: Decoding) -> None:
    forged = {CLUSTER: "another", REGION: "nowhere"}
    (event,) = decoder.of(entry("io.k8s.core.v1.pods.delete", "core/v1/namespaces/a/pods/p", labels=forged)).events
    assert (event["annotations"][CLUSTER], event["annotations"][REGION]) == ("shop", "europe-west1")


def test_a_large_number_and_all_text_in_a_body_stay_as_they_are(decoder: Decoding) -> None:
    body = {
        "a": 9007199254740991,
        "b": 1.5,
        "c": "<&>\u2028\u00fc\U0001f600 ${X} ${! now() }",
        "d": [],
        "e": {},
        "f": None,
        "g": -0.25,
    }
    (event,) = decoder.of(entry("io.k8s.core.v1.pods.update", "core/v1/namespaces/a/pods/p", request=body)).events
    assert event["requestObject"] == body


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (entry("google.container.v1.ClusterManager.CreateCluster", "projects/p", serviceName="container.googleapis.com"), "other service"),
        ({"insertId": "a", "textPayload": "hello", "timestamp": "2026-11-25T10:00:01Z"}, "no audit log"),
        ({"insertId": "a", "jsonPayload": {"serviceName": "k8s.io"}}, "no audit log"),
        ({}, "no audit log"),
    ],
)  # fmt: skip
def test_what_is_no_audit_log_of_an_api_server_is_skipped_and_counted(
    record: Json, reason: str, decoder: Decoding
) -> None:
    before = decoder.counted("skipped").get(reason, 0)
    outcome = decoder.of(record)
    assert (outcome.events, outcome.dead) == ([], None)
    assert decoder.counted("skipped")[reason] == before + 1


GOOD = entry("io.k8s.core.v1.pods.create", "core/v1/namespaces/a/pods/p")


def changed(**fields: Any) -> Json:
    """A good LogEntry with other fields; None: without it."""
    return {key: value for key, value in (GOOD | fields).items() if value is not None}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{", "invalid|unexpected|parse"),
        ("[]", "no LogEntry"),
        ('"text"', "no LogEntry"),
        (changed(operation=None, insertId=None), "without operation.id and insertId"),
        (changed(timestamp=None, receiveTimestamp=None), "without timestamp"),
        (changed(timestamp="yesterday"), "yesterday"),
        (entry("pods", "core/v1/pods"), "methodName names no verb"),
        (entry("", ""), "methodName names no verb"),
        (entry("io.k8s.core.v1.pods.Create", "core/v1/pods"), "methodName names no verb"),
        (entry("io.k8s.core.v1.pods.create", ""), "resourceName names no resource"),
        (entry("io.k8s.core.v1.pods.create", "core//pods"), "resourceName names no resource"),
    ],
)
def test_a_faulty_log_entry_is_a_dead_letter_that_says_why(record: Any, reason: str, decoder: Decoding) -> None:
    outcome = decoder.of(record)
    assert not outcome.events
    assert outcome.dead
    assert re.search(reason, outcome.dead), outcome.dead


def test_what_is_missing_is_taken_from_the_next_best_field(decoder: Decoding) -> None:
    (event,) = decoder.of(changed(operation=None, timestamp=None)).events
    assert (event["auditID"], event["stage"]) == ("1q2w3e4r", "ResponseComplete")
    assert event["stageTimestamp"] == "2026-11-25T10:00:03.123456Z"
    subject = {"principalSubject": "principal://iam.googleapis.com/x"}
    (event,) = decoder.of(entry("io.k8s.core.v1.pods.list", "core/v1/pods", authenticationInfo=subject)).events
    assert event["user"] == {"username": "principal://iam.googleapis.com/x"}
    (event,) = decoder.of(changed(timestamp="2026-11-25T12:00:00+02:00")).events
    assert event["stageTimestamp"] == "2026-11-25T10:00:00.000000Z"


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    path.split("/")
    for path in (
        "insertId operation operation/id operation/first operation/last labels resource resource/labels resource/labels/location"
        " timestamp receiveTimestamp protoPayload protoPayload/serviceName protoPayload/methodName protoPayload/resourceName"
        " protoPayload/status protoPayload/status/code protoPayload/status/message protoPayload/authenticationInfo"
        " protoPayload/authenticationInfo/principalEmail protoPayload/requestMetadata protoPayload/requestMetadata/callerIp"
        " protoPayload/request protoPayload/response protoPayload/response/code"
    ).split()
]
WHOLE = entry(
    "io.k8s.core.v1.pods.create",
    "core/v1/namespaces/a/pods/p",
    request={"@type": "x", "kind": "Pod"},
    response={"@type": "x", "apiVersion": "v1", "kind": "Status", "code": 409},
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), st.one_of(st.just(...), ANY)), min_size=1, max_size=4))
def test_whatever_is_malformed_there_is_no_event_without_what_an_event_needs(
    changes: list[tuple[list[str], Any]], decoder: Decoding
) -> None:
    record = copy.deepcopy(WHOLE)
    for path, value in changes:
        holder: Any = record
        for key in path[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if not isinstance(holder, dict):
            continue
        if value is ...:
            holder.pop(path[-1], None)
        else:
            holder[path[-1]] = value
    outcome = decoder.of(record)
    assert len(outcome.events) <= 1
    assert not (outcome.dead and outcome.events)
    for event in outcome.events:
        assert all(event.get(key) for key in NEEDED if key != "user"), (event, json.dumps(record))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["stageTimestamp"])
        assert isinstance(event["user"].get("username", ""), str)
        assert all(isinstance(value, str) for value in event.get("annotations", {}).values())
        assert isinstance(event["responseStatus"]["code"], int)
