"""OpenShift's collector posts arrays over TLS to the real Bento: answered 200 once the receiver has all of it, else told to send it again."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from k8s_audit.delivery.convert import convert
from k8s_audit.delivery.pipeline.model import HttpSource, Pipeline
from k8s_audit.delivery.pipeline.render import configuration, dump
from tests.delivery.forwarder.bento import Bento, bento
from tests.delivery.pipeline.records import collected, event
from tests.delivery.pipeline.way import TAKEN, Judge
from tests.project import free_ports
from tests.standins.certificates import Authority
from tests.unit.delivery.pipeline.pipelines import OPENSHIFT

AGAIN = (429, 500, 502, 503, 504)
"""After these a collector (vector) sends a POST again; after any other 4xx it drops what was in it."""
MARK = {"resource": "configmaps", "namespace": "default", "name": "k8s-audit-check-0a1b2c"}


@dataclass
class Collector:
    """Posts as vector does, or an API server: at least once, in order."""

    running: Bento
    receiver: Judge
    url: str
    trust: ssl.SSLContext

    def post(self, *records: Any) -> int:
        return self.send(json.dumps(records))

    def send(self, body: str) -> int:
        return httpx.post(self.url, content=body, verify=self.trust, trust_env=False, timeout=30).status_code

    def bring(self, *records: Any) -> list[int]:
        """Until it is taken; the answers on the way, 0 where there was none."""
        return self.carry(json.dumps(records))

    def carry(self, body: str) -> list[int]:
        """The same of any body."""
        answers: list[int] = []
        deadline = time.monotonic() + 30
        while not answers or answers[-1] != TAKEN:
            assert time.monotonic() < deadline, (answers, self.running.lines()[-2000:])
            try:
                answers.append(self.send(body))
            except httpx.TransportError:
                answers.append(0)
            assert answers[-1] in (0, TAKEN, *AGAIN)
        return answers


@contextmanager
def collector(folder: Path, receiver: Judge, pipeline: Pipeline = OPENSHIFT) -> Iterator[Collector]:
    authority = Authority()
    server = authority.pair("127.0.0.1")
    for name, text in {"tls.crt": server.certificate, "tls.key": server.key, "token": "t"}.items():
        (folder / name).write_text(text)
    (port,) = free_ports(1)
    source = HttpSource(port, "/", str(folder / "tls.crt"), str(folder / "tls.key"))
    sink = replace(pipeline.sink, url=receiver.url, token_file=str(folder / "token"))
    text = dump(configuration(replace(pipeline, source=source, sink=sink)))
    with receiver, bento(folder, text) as running:
        running.wait(lambda: (answer := running.get("/ready")) and answer.status_code == TAKEN)
        trust = ssl.create_default_context(cadata=authority.certificate)
        yield Collector(running, receiver, f"https://127.0.0.1:{port}/", trust)


def test_an_array_of_records_arrives_as_the_events_they_were_and_what_is_none_is_told_in_the_log(
    tmp_path: Path,
) -> None:
    poison, marked = event(4711, verb="poison"), event(8, objectRef=MARK)
    judge = Judge(lambda body: 413 if "poison" in body else TAKEN)
    with collector(tmp_path, judge) as made:
        no_event = {"password": "sesame", "auditID": "x\n"}
        kubelet = event(9, verb="get", user={"username": "system:node:n1"})
        given = [collected(each) for each in (event(1), marked, poison, kubelet)]
        assert made.post(*given, no_event, 4711, collected(event(2), log_source="ovn")) == TAKEN
        assert made.post("no record") == TAKEN
        taken = sorted(judge.events(), key=lambda each: str(each["auditID"]))
        named = {"k8s-audit/cluster": "payments-3"}
        assert taken == [each | {"annotations": each["annotations"] | named} for each in (event(1), marked)]
        assert all(json.loads(body)["kind"] == "EventList" for body in judge.taken)
        log = made.running.lines()
        letters = [json.loads(line)["msg"] for line in log.splitlines() if "dead letter" in line]
        assert sum(poison["auditID"] in letter and "(413)" in letter for letter in letters) == 1
        assert sorted(letter.partition(": ")[2][:21] for letter in letters) == [
            "no JSON object",
            "no JSON object",
            "no audit event: its k",
            "the receiver refuses ",
        ]
        assert "sesame" not in log
        assert f"forwarded auditID={marked['auditID']} name={MARK['name']}" in log
        assert made.running.total("k8s_audit_dead_letters") == 4
        assert made.running.total("k8s_audit_skipped") == 2


def test_a_collector_is_told_at_once_that_the_receiver_takes_nothing_and_nothing_is_lost_by_a_kill(
    tmp_path: Path,
) -> None:
    codes = [503, 503]
    judge = Judge(lambda body: codes.pop() if codes else TAKEN)
    with collector(tmp_path, judge) as made:
        assert made.bring(collected(event(0))) == [502, 502, TAKEN]
        codes += [500] * 1000
        assert made.post(collected(event(1))) == 502
        made.running.kill()
        made.running.start()
        codes.clear()
        assert made.bring(*(collected(event(at)) for at in range(1, 40)))[-1] == TAKEN
        assert {each["auditID"] for each in judge.events()} == {event(at)["auditID"] for at in range(40)}
        assert made.running.total("k8s_audit_dead_letters") == 0


def test_a_body_that_is_no_array_is_told(tmp_path: Path) -> None:
    file = tmp_path / "records"
    file.write_text("\n".join(("[", '{"kind":"Event"}', json.dumps([collected(event(1))]))))
    with file.open("rb") as given:
        *faults, found = convert("openshift", given)
    assert all("could not be decoded" in (each.fault or "") for each in faults)
    assert (len(faults), json.loads(found.event or "")) == (2, event(1))
