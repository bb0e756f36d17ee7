import json
import os
import resource
import signal
from pathlib import Path

import pytest

from k8s_audit.receivers.recorder.journal import Journal


def event(audit_id: str, name: str = "web") -> dict[str, object]:
    return {"auditID": audit_id, "stage": "ResponseComplete", "objectRef": {"name": name}}


def test_the_oldest_events_are_forgotten_in_memory_and_stay_in_the_files(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "r", remembered=2)
    for number in range(3):
        journal.append([event(str(number), f"n{number % 2}")], 1)
    assert journal.find("0") is None
    assert journal.find("2")
    assert journal.named("n0") == ["2"]
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 3
    assert len((tmp_path / "r.index.jsonl").read_text().splitlines()) == 3
    assert Journal(tmp_path, "r", remembered=2).named("n0") == ["2"]


def test_files_that_were_removed_while_it_runs_are_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "r")
    journal.append([event("1")], 1)
    (tmp_path / "r.jsonl").unlink()
    journal.append([event("2")], 1)
    assert json.loads((tmp_path / "r.jsonl").read_text())["auditID"] == "2"


def test_a_batch_that_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    pid = os.fork()
    if not pid:  # the limit on a file's size is the process's own
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        journal = Journal(tmp_path, "r")
        journal.append([event("1")], 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
        try:
            journal.append([event(str(number)) for number in range(100)], 1)
        except OSError:
            os._exit(0 if journal.find("5") is None and journal.counts["batches"] == 1 else 2)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    assert [json.loads(line)["auditID"] for line in (tmp_path / "r.jsonl").read_text().splitlines()] == ["1"]
    assert len((tmp_path / "r.index.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    "rubbish", [b"{}\n", b"rubbish\n", b"[1]\n", b'{"auditID": "x"}\n', b"\xff\n", b"half", b"x" * 200_000]
)
def test_an_index_with_rubbish_in_it_is_read_as_far_as_it_is_one(tmp_path: Path, rubbish: bytes) -> None:
    Journal(tmp_path, "r").append([event("1")], 1)
    with open(tmp_path / "r.index.jsonl", "ab") as index:
        index.write(rubbish)
    assert Journal(tmp_path, "r").find("1")
