"""What the real Bento makes of records: the same events, byte for byte; faults told, one by one; cut events salvaged and never wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.delivery.convert import Converted, convert
from k8s_audit.delivery.pipeline.model import Annotation, Decoder
from tests.delivery.pipeline.records import (
    CONTROL,
    Event,
    azure,
    azure_record,
    cloudwatch,
    compressed,
    event,
    text,
)
from tests.delivery.pipeline.way import way
from tests.unit.delivery.pipeline.pipelines import AKS, EKS

ODD: list[Event] = [
    event(annotations=None),
    event(annotations={}),
    event(annotations={"k8s-audit/cluster": "forged", "a": "b"}),
    dict(reversed(list(event().items()))),
    event(zebra={"annotations": event()["annotations"]}),
    event(requestObject={"annotations": event()["annotations"], "s": '"annotations":{"a":"b"}}'}),
    event(objectRef=None, user={}, requestObject=["a", None, True, 10**30]),
]


def converted(folder: Path, decoder: Decoder, *records: Event | str) -> list[Converted]:
    file = folder / "records"
    lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
    file.write_text("".join(f"{line}\n" for line in lines))
    with file.open("rb") as given:
        return list(convert(decoder, given))


@pytest.mark.parametrize("decoder", ["eks", "aks"])
def test_an_event_stays_the_same_byte_for_byte(decoder: Decoder, tmp_path: Path) -> None:
    texts = [text(each) for each in (event(1), event(2), *ODD)]
    records = {
        "eks": [cloudwatch(*texts[:4]), cloudwatch(*texts[4:])],
        "aks": [azure(*(azure_record(f"{each}\n") for each in part)) for part in (texts[:4], texts[4:])],
    }
    found = converted(tmp_path, decoder, *records[decoder])
    assert [each.event for each in found] == texts
    assert [each.line for each in found] == [1] * 4 + [2] * (len(texts) - 4)


NO_EVENTS = [
    ("no json", "no JSON"),
    ("", "no JSON"),
    (text(event()) + "x", "no JSON"),
    (text(event()) * 2, "no JSON"),
    ('"text"', "no JSON object"),
    ("[]", "no JSON object"),
    ("4711", "no JSON object"),
    (text(event(kind="EventList")), "kind is not Event"),
    (text(event(kind=None)), "kind is not Event"),
    (text(event(stageTimestamp=None)), "without a stageTimestamp"),
    (text(event(stageTimestamp="yesterday")), "without a stageTimestamp"),
    (text(event(stageTimestamp=4711)), "without a stageTimestamp"),
    (None, "no JSON"),
    ({"a": "b"}, "kind is not Event"),
]


def test_what_is_no_event_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    messages = [message for message, _ in NO_EVENTS]
    (first, *found) = converted(tmp_path, "eks", cloudwatch(text(event(1)), *messages, text(event(2))))
    last = found.pop()
    assert (first.event, last.event) == (text(event(1)), text(event(2)))
    assert len(found) == len(NO_EVENTS)
    for each, (message, reason) in zip(found, NO_EVENTS, strict=True):
        assert each.event is None, message
        assert reason in (each.fault or ""), message


@pytest.mark.parametrize(
    ("decoder", "record", "reason"),
    [
        ("eks", "{", "could not be decoded"),
        ("eks", "[]", "could not be decoded"),
        ("eks", cloudwatch(messageType="OTHER"), "no message of a CloudWatch subscription"),
        ("eks", cloudwatch(logEvents={"a": 1}), "no message of a CloudWatch subscription"),
        ("aks", {"records": None}, "no message of Azure Monitor"),
        ("aks", azure(azure_record(None)), "without the text properties.log"),
        ("aks", azure(azure_record(text(event()), properties=None)), "without the text properties.log"),
        ("aks", azure(azure_record("I0102 klog text")), "no JSON, or cut before kind, auditID, stage, verb, user"),
    ],
)
def test_a_record_of_another_shape_is_told(decoder: Decoder, record: Any, reason: str, tmp_path: Path) -> None:
    good = {"eks": cloudwatch(text(event())), "aks": azure(azure_record(text(event())))}[decoder]
    bad, other = converted(tmp_path, decoder, record, good)
    assert (bad.line, bad.event, other.line, other.event) == (1, None, 2, text(event()))
    assert reason in (bad.fault or "")


def test_what_is_none_of_ours_is_skipped_without_a_word(tmp_path: Path) -> None:
    assert converted(tmp_path, "eks", CONTROL, "", cloudwatch(logEvents=[])) == []
    others = [azure_record("klog", category="kube-scheduler"), azure_record(None, category="guard")]
    (found,) = converted(tmp_path, "aks", azure(*others, azure_record(text(event()), category="kube-audit-admin")))
    assert found.event == text(event())


def test_a_cut_event_is_salvaged_at_each_place_where_it_may_be_cut_and_is_never_wrong(tmp_path: Path) -> None:
    """Cut after each byte: what is left are members of the event as they were, or a dead letter when who, what or which is not there."""
    given = event()
    whole, keys = text(given), list(given)
    cuts = range(1, len(whole))
    found = converted(tmp_path, "aks", *(azure(azure_record(whole[:cut])) for cut in cuts))
    assert len(found) == len(cuts)
    # a member is whole once the next one's name is there
    names = {
        key: len(text({each: given[each] for each in keys[: at + 1]})) + len(f'"{keys[at + 1]}":')
        for at, key in enumerate(keys[:-1])
    }
    kept = 0
    for cut, each in zip(cuts, found, strict=True):
        readable = {key: given[key] for key, end in names.items() if end <= cut}
        if not {"kind", "auditID", "stage", "verb", "user"} <= set(readable):
            assert each.event is None, whole[:cut]
            assert "cut before" in (each.fault or "")
            continue
        assert each.event is not None, whole[:cut]
        stamp = {"stageTimestamp": "2026-01-02T03:04:06.0000000Z"}
        assert json.loads(each.event) == stamp | readable | {"annotations": {"audit.k8s.io/truncated": "true"}}
        kept += 1
    assert kept > 500


@pytest.mark.parametrize("time", [None, "soon", 4711])
def test_a_cut_event_gets_no_time_that_nobody_gave(time: Any, tmp_path: Path) -> None:
    cut = text(event())[:-400]
    (found,) = converted(tmp_path, "aks", azure(azure_record(cut, time=time)))
    assert found.event is None
    assert "without a stageTimestamp" in (found.fault or "")


def test_each_event_is_told_its_cluster_and_region_once_and_is_else_the_same(tmp_path: Path) -> None:
    texts = [text(each) for each in (event(1), event(2), *ODD)]
    with way(tmp_path, EKS) as made:
        made.bring(compressed(cloudwatch(*texts, cluster="prod 1/ü")))
        made.bring(compressed(CONTROL))
        made.bring(b"not compressed")
        events = made.receiver.events()
        assert len(events) == len(texts)
        ours = {"k8s-audit/cluster": "prod 1/ü", "k8s-audit/region": "eu-west-1"}
        for sent, came in zip(texts, events, strict=True):
            expected = json.loads(sent)
            expected["annotations"] = expected.get("annotations", {}) | ours
            assert came == expected
        (body,) = made.receiver.taken
        added = ',"k8s-audit/cluster":"prod 1/ü","k8s-audit/region":"eu-west-1"}}'
        assert texts[0].removesuffix("}}") + added in body
        assert all(number in body for number in (str(10**30), "9007199254740993", "12345678901234567890123"))
        (letter,) = made.letters()
        assert "could not be decoded" in letter["reason"]
        assert (letter["record"], letter["source"]) == ("not compressed", f"kinesis {EKS.source.stream}")  # type: ignore[union-attr]
        assert made.counted("events") == len(texts)
        assert made.counted("skipped", reason="control message") == 1
        assert made.counted("dead_letters") == 1


def test_records_of_several_clusters_in_one_message_keep_their_own(tmp_path: Path) -> None:
    other = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/prod-3"
    cut = text(event(3))[:-300]
    with way(tmp_path, replace(AKS, annotation=Annotation(), filters=(), sink=EKS.sink)) as made:
        made.bring(
            azure(
                azure_record(text(event(1))),
                azure_record(text(event(2)), resourceId=other, location="westeurope"),
                azure_record(cut, resourceId=other),
                azure_record("klog", category="kube-scheduler"),
                azure_record("cut", resourceId=None),
            )
        )
        found = [
            (each["annotations"].get("k8s-audit/cluster"), each["annotations"].get("k8s-audit/region"))
            for each in made.receiver.events()
        ]
        assert found == [("PROD-2", None), ("prod-3", "westeurope"), ("prod-3", None)]
        assert made.receiver.events()[2]["annotations"]["audit.k8s.io/truncated"] == "true"
        assert [(each["record"], each["cluster"]) for each in made.letters()] == [("cut", None)]
        counters = {name: made.counted(name) for name in ("events", "truncated", "dead_letters")}
        assert counters == {"events": 3, "truncated": 1, "dead_letters": 1}
        assert made.counted("skipped", reason="category") == 1
