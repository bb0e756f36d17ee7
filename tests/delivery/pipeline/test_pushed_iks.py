"""IBM's API servers post EventLists to the real Bento: no body of a Secret goes on, all else as it was, answered 200 once the receiver has it."""

import json
from pathlib import Path

from tests.delivery.pipeline.records import Event, event, posted
from tests.delivery.pipeline.test_pushed import MARK, collector
from tests.delivery.pipeline.way import TAKEN, Judge
from tests.unit.delivery.pipeline.pipelines import IKS

HIDDEN = "c2VzYW1lLTQ3MTE="
NAMED = {"k8s-audit/cluster": "payments-4"}
BODIES = {
    name: {"kind": "Secret", "data": {"password": HIDDEN}, "spec": {"token": HIDDEN}, "status": {"token": HIDDEN}}
    for name in ("requestObject", "responseObject")
}


def about(number: int, resource: str, group: str = "", subresource: str = "", **changes: object) -> Event:
    """An event with bodies that hold what nobody shall see."""
    named = {"apiGroup": group, "subresource": subresource}
    about = {"resource": resource, "namespace": "prod", "name": f"n-{number}", "apiVersion": "v1"}
    return event(number, objectRef=about | {key: text for key, text in named.items() if text}, **(BODIES | changes))


def without_bodies(given: Event) -> Event:
    """As an API server writes it at level Metadata."""
    return {key: value for key, value in given.items() if key not in BODIES} | {"level": "Metadata"}


def test_a_body_of_a_credential_does_not_arrive_and_everything_else_is_unchanged(tmp_path: Path) -> None:
    hidden = [
        about(1, "secrets"),
        about(2, "secrets", verb="patch", requestObject=[{"op": "add", "value": HIDDEN}]),
        about(3, "secrets", verb="deletecollection", requestObject=None),
        about(4, "secrets", stage="Panic", responseObject=None, annotations=None),
        about(5, "serviceaccounts", subresource="token"),
        about(6, "tokenreviews", "authentication.k8s.io"),
    ]
    shown = [
        event(11),
        event(12, objectRef=MARK),
        event(13, objectRef=None, requestObject=None, responseObject=None, requestURI="/healthz"),
        event(14, objectRef={"resource": "configmaps", "name": "a", "apiVersion": "v1"}),
        event(15, objectRef={"resource": "serviceaccounts", "name": "a", "apiVersion": "v1"}),
        event(16, objectRef={"resource": "secrets", "apiGroup": "sealed.example", "apiVersion": "v1"}),
    ]
    with collector(tmp_path, Judge(), IKS) as made:
        judge = made.receiver
        assert made.send(json.dumps(posted(*hidden, *shown, 4711, {"auditID": "n", "requestObject": HIDDEN}))) == TAKEN
        assert made.send(json.dumps(posted())) == TAKEN
        for no_list in (json.dumps({"kind": "Event", "requestObject": HIDDEN}), json.dumps([HIDDEN]), HIDDEN, "{"):
            assert made.send(no_list) == TAKEN
        taken = sorted(judge.events(), key=lambda each: str(each["auditID"]))
        assert taken == [
            each | {"annotations": each.get("annotations", {}) | NAMED}
            for each in (*map(without_bodies, hidden), *shown)
        ]
        log = made.running.lines()
        assert HIDDEN not in "".join(judge.bodies) + log
        assert f"forwarded auditID={shown[1]['auditID']} name={MARK['name']}" in log
        assert made.running.total("k8s_audit_dead_letters") == 6


def test_an_api_server_is_told_that_the_receiver_takes_nothing_and_a_kill_loses_nothing_that_was_taken(
    tmp_path: Path,
) -> None:
    codes = [503]
    with collector(tmp_path, Judge(lambda body: codes.pop() if codes else TAKEN), IKS) as made:
        assert made.carry(json.dumps(posted(event(0), about(1, "secrets")))) == [502, TAKEN]
        codes += [500] * 1000
        batch = json.dumps(posted(*(event(at) for at in range(2, 40))))
        assert made.send(batch) == 502
        made.running.kill()
        made.running.start()
        codes.clear()
        assert made.carry(batch)[-1] == TAKEN
        assert {each["auditID"] for each in made.receiver.events()} == {event(at)["auditID"] for at in range(40)}
        assert HIDDEN not in "".join(made.receiver.bodies)
        assert made.running.total("k8s_audit_dead_letters") == 0
