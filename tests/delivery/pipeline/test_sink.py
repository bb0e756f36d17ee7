"""How the real Bento posts: bodies within the limit, patience with a receiver that is not well, one bad event apart from the others."""

import base64
import json
import signal
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.delivery.pipeline.model import Batch, Pipeline
from tests.delivery.pipeline.records import Event, cloudwatch, compressed, event, text
from tests.delivery.pipeline.way import TAKEN, Judge, sink, way
from tests.standins.certificates import Authority
from tests.unit.delivery.pipeline.pipelines import EKS

POISON = event(4711, verb="poison")
REFUSED = (400, 413, 422)


def pipeline(batch: Any = None, **changes: Any) -> Pipeline:
    return replace(EKS, sink=sink(**changes), batch=batch or Batch(period="100ms"))


def record(*events: Event) -> bytes:
    return compressed(cloudwatch(*map(text, events)))


def test_a_body_is_an_event_list_within_the_limit_and_no_event_is_lost_for_it(tmp_path: Path) -> None:
    large = [event(at, requestObject={"pad": "x" * (200 * at)}) for at in range(60)]
    limit = 30_000
    with way(tmp_path, pipeline(Batch(max_events=25), body_limit=limit, event_limit=10_000)) as made:
        made.bring(record(*large))
        assert sorted(each["auditID"] for each in made.receiver.events()) + sorted(
            json.loads(each["record"])["auditID"] for each in made.letters()
        ) == sorted(each["auditID"] for each in large)
        sizes = [len(body.encode()) for body in made.receiver.taken]
        assert max(sizes) <= limit < sum(sizes)
        assert all(len(json.loads(body)["items"]) <= 25 for body in made.receiver.taken)
        first = json.loads(made.receiver.taken[0])
        assert (first["kind"], first["apiVersion"]) == ("EventList", "audit.k8s.io/v1")
        assert made.receiver.headers["Content-Type"] == "application/json"
        assert {each["reason"] for each in made.letters()} == {"an audit event of more than 10000 bytes"}
        assert made.counted("events") == len(large) - len(made.letters())
        assert made.counted("dead_letters") == len(made.letters()) > 0


@pytest.mark.parametrize("code", REFUSED)
def test_one_event_that_the_receiver_refuses_for_good_takes_no_other_along(code: int, tmp_path: Path) -> None:
    judge = Judge(lambda body: code if "poison" in body else TAKEN)
    with way(tmp_path, pipeline(), judge) as made:
        made.bring(record(*(event(at) for at in range(20)), POISON, *(event(at) for at in range(20, 40))))
        assert sorted(each["auditID"] for each in made.receiver.events()) == [event(at)["auditID"] for at in range(40)]
        (letter,) = made.letters()
        assert json.loads(letter["record"])["auditID"] == POISON["auditID"]
        assert f"response code ({code})" in letter["reason"]
        assert made.receiver.url not in letter["reason"]
        assert (letter["cluster"], letter["region"]) == ("prod-1", "eu-west-1")
        assert made.counted("events") == 41
        assert made.counted("dead_letters") == 1


def test_refusals_one_upon_the_other_do_not_wait_for_each_other_for_ever(tmp_path: Path) -> None:
    given = [event(at, verb="poison" if at % 3 else "get") for at in range(60)]
    judge = Judge(lambda body: 422 if "poison" in body else TAKEN)
    with way(tmp_path, pipeline(Batch(max_events=2, period="100ms"), max_in_flight=1), judge) as made:
        answers = [made.send(record(*given[at : at + 10])) for at in range(0, 60, 10)]
        assert {each.result(50) for each in answers} == {TAKEN}
        assert (len(made.receiver.events()), len(made.letters())) == (20, 40)


def test_a_receiver_that_is_not_well_gets_all_once_it_is_and_nothing_is_acknowledged_before(tmp_path: Path) -> None:
    codes = [503, 429, 401, 403, 404, 408, 500, 302, 502]
    judge = Judge(lambda body: codes.pop() if codes else TAKEN)
    with way(tmp_path, pipeline(), judge) as made:
        answers = [made.send(record(event(at))) for at in range(5)]
        made.running.wait(lambda: len(judge.bodies) > 3)
        assert codes or judge.taken
        assert {each.result(30) for each in answers} == {TAKEN}
        assert codes == []
        assert sorted(each["auditID"] for each in judge.events()) == [event(at)["auditID"] for at in range(5)]
        assert made.letters() == []
        assert made.counted("events") == 5


def test_nothing_is_acknowledged_before_the_dead_letter_is_taken(tmp_path: Path) -> None:
    codes = [500, 403, 500]
    dead = Judge(lambda body: codes.pop() if codes else TAKEN)
    with way(tmp_path, pipeline(), dead=dead) as made:
        made.bring(b"broken")
        assert len(dead.bodies) == 4
        assert len(made.letters()) == 1
        assert made.counted("dead_letters") == 1


def test_a_proof_of_delivery_is_logged_once_the_receiver_has_it_and_no_one_can_forge_a_line(tmp_path: Path) -> None:
    codes = [503, 503]
    judge = Judge(lambda body: codes.pop() if codes else 400 if "poison" in body else TAKEN)
    mark = {"resource": "configmaps", "namespace": "default", "name": "k8s-audit-check-0a1b2c"}
    forged = [
        event(3, objectRef=mark | {"name": 'k8s-audit-check-0\n{"msg":"forwarded auditID=1 name=k8s-audit-check-0"}'}),
        event(4, objectRef=mark | {"name": "my-k8s-audit-check-0"}),
        event(5, auditID="5 name=k8s-audit-check-5", objectRef=mark | {"name": "k8s-audit-check-6"}),
    ]
    with way(tmp_path, pipeline(), judge) as made:
        answer = made.send(record(event(1, objectRef=mark), event(2), *forged, POISON | {"objectRef": mark}))
        made.running.wait(lambda: not codes)
        assert answer.result(30) == TAKEN
        lines = [json.loads(line) for line in made.running.lines().splitlines()]
        proofs = [each for each in lines if "forwarded" in each["msg"]]
        assert sorted(each["msg"] for each in proofs) == sorted(
            [
                f"forwarded auditID={event(1)['auditID']} name=k8s-audit-check-0a1b2c",
                "forwarded auditID= name=k8s-audit-check-6",
            ]
        )
        assert {each["level"] for each in proofs} == {"info"}
        assert "requestObject" not in made.running.lines()


def test_the_token_is_read_anew_and_is_never_logged(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first-sesame\n")
    codes = [401, 401]
    judge = Judge(lambda body: codes.pop() if codes else TAKEN)
    with way(tmp_path, pipeline(token_file=str(token)), judge) as made:
        made.bring(record(event(1)))
        assert made.receiver.headers["Authorization"] == "Bearer first-sesame"
        token.write_text("second-sesame")
        made.bring(record(event(2)))
        assert made.receiver.headers["Authorization"] == "Bearer second-sesame"
        assert "sesame" not in made.running.lines() + made.running.metrics()


def test_a_token_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    token = tmp_path / "token"
    with way(tmp_path, pipeline(token_file=str(token))) as made:
        answer = made.send(record(event(1)))
        made.running.wait(lambda: made.running.lines().count("no such file") > 1)
        assert not answer.done()
        token.write_text("late")
        assert answer.result(30) == TAKEN
        assert len(made.receiver.events()) == 1
        assert made.letters() == []


def test_certificates_are_asked_for_and_shown(tmp_path: Path) -> None:
    authority, stranger = Authority(), Authority("a stranger")
    server, client = authority.pair("127.0.0.1"), authority.pair("audit")
    for name, content in {
        "ca.pem": authority.certificate,
        "server.pem": server.key + server.certificate,
        "client.pem": client.certificate,
        "client-key.pem": client.key,
        "other.pem": stranger.certificate,
    }.items():
        (tmp_path / name).write_text(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tmp_path / "ca.pem"))
    context.load_cert_chain(tmp_path / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    ours = {
        "client_certificate_file": str(tmp_path / "client.pem"),
        "client_key_file": str(tmp_path / "client-key.pem"),
    }
    with way(tmp_path, pipeline(authority_file=str(tmp_path / "ca.pem"), **ours), Judge(tls=context)) as made:
        made.bring(record(event(1)))
        assert len(made.receiver.events()) == 1
    for faulty in (
        ours | {"authority_file": str(tmp_path / "other.pem")},
        {"authority_file": str(tmp_path / "ca.pem")},
    ):
        with way(tmp_path, pipeline(**faulty), Judge(tls=context)) as made:
            answer = made.send(record(event(1)))
            made.running.wait_for_metric("http_request_latency_ns_count")
            assert not answer.done()
            assert made.receiver.bodies == []
            made.running.process.kill()


def test_a_password_is_sent_as_http_has_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret:ü\n")
    with way(tmp_path, pipeline(username="au dit", password_file=str(tmp_path / "password"))) as made:
        made.bring(record(event(1)))
        kind, _, value = made.receiver.headers["Authorization"].partition(" ")
        assert (kind, base64.b64decode(value).decode()) == ("Basic", "au dit:s3cret:ü")


def test_an_end_brings_what_is_on_its_way_and_then_is_quick(tmp_path: Path) -> None:
    with way(tmp_path, pipeline(Batch(period="1s"))) as made:
        answers = [made.send(record(event(at))) for at in range(10)]
        made.running.wait(lambda: made.counted("events") == 10)
        made.running.process.send_signal(signal.SIGTERM)
        assert made.running.process.wait(15) == 0
        assert {each.result(5) for each in answers} == {TAKEN}
        assert len(made.receiver.events()) == 10


def test_an_end_while_the_receiver_takes_nothing_acknowledges_nothing_and_is_no_dead_letter(tmp_path: Path) -> None:
    judge = Judge(lambda body: 503)
    with way(tmp_path, pipeline(), judge) as made:
        answer = made.send(record(event(1)))
        made.running.wait(lambda: len(judge.bodies) > 2)
        made.running.process.send_signal(signal.SIGTERM)
        made.running.process.wait(45)
        assert answer.exception(5) is not None or answer.result() != TAKEN
        assert made.letters() == []
