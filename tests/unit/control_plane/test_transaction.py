"""The transaction where it is cut off or fails, on this machine's files; the API server is a stand-in that starts as told."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from k8s_audit.control_plane import argument_file
from k8s_audit.control_plane.change import AuditSetup, Change, Place
from k8s_audit.control_plane.edit import Edit, Ours
from k8s_audit.control_plane.journal import Record, Step
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.errors import ChangeError, HostError

BASE = b"--v=2\n"
SETUP = AuditSetup("policy", "webhook", {"audit-webhook-mode": "batch"})


class KilledError(BaseException):
    """The provider was killed here."""


@dataclass
class StandInServer:
    """An API server that starts with whatever its file says; `faults` are raised by its waits, in order."""

    path: str
    faults: list[BaseException | None] = field(default_factory=list)
    log_folder: str = ""
    now: list[tuple[int, float]] = field(default_factory=lambda: [(1, 1.0)])
    waited: list[list[tuple[int, float]]] = field(default_factory=list)
    told: bool = True

    def read(self) -> bytes | None:
        return Path(self.path).read_bytes()

    def current(self) -> bytes:
        return Path(self.path).read_bytes()

    def check(self, current: bytes, policy: str) -> None:
        pass

    def audit_arguments(self, text: bytes) -> dict[str, str]:
        return argument_file.audit_arguments(text)

    def turn_on(self, base: bytes, wanted: Any, digest: str, adopt: bool) -> Edit:
        return argument_file.turn_on(base, wanted, digest, self.path)

    def turn_off(self, text: bytes, ours: Ours) -> bytes:
        return argument_file.turn_off(text, ours)

    def reformat(self, text: bytes) -> bytes:
        return argument_file.reformat(text)

    def has(self, text: bytes, ours: Ours) -> bool:
        return argument_file.has_digest(text)

    def folders(self, text: bytes) -> list[str]:
        return [self.log_folder] if self.log_folder else []

    def put(self, text: bytes) -> None:
        Path(self.path).write_bytes(text)

    def in_force(self) -> bool:
        return self.told

    def running(self, text: bytes) -> list[tuple[int, float]]:
        return self.now

    def wait(self, text: bytes, not_these: Collection[tuple[int, float]], timeout: float, stop: Event) -> None:
        self.waited.append(list(not_these))
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault

    def log(self) -> list[str]:
        return ["its last words"]

    def undo_note(self, record: Record, state_folder: str) -> str:
        return "by hand"


def change_of(folder: Path, name: str = "a", **server: Any) -> Change:
    file = folder / name
    if not file.exists():
        file.write_bytes(BASE)
    place = Place(str(folder), "https://a:1", str(folder / "config"), str(folder / "state"))
    return Change(LocalHost("cp-1"), place, StandInServer(str(file), **server), Event())


@pytest.mark.parametrize("killed", ["in mid-wait", "once it was applied"])
def test_another_file_on_the_host_is_taken_over_whenever_the_provider_was_killed(tmp_path: Path, killed: str) -> None:
    change_of(tmp_path, "a").apply(SETUP)
    change_of(tmp_path, "a").restore()
    if killed == "in mid-wait":
        with pytest.raises(KilledError):
            change_of(tmp_path, "b", faults=[KilledError()]).apply(SETUP)
    else:
        change_of(tmp_path, "b").apply(SETUP)
    with pytest.raises(HostError, match=rf"tells of a change of {tmp_path}/b, not of {tmp_path}/a"):
        change_of(tmp_path, "a").apply(SETUP)
    left = change_of(tmp_path, "a").restore()
    assert left.endswith(f"tells of a change of {tmp_path}/b, not of {tmp_path}/a; that one stays")
    assert (tmp_path / "config" / "policy.yaml").exists(), "the new file names it"
    assert change_of(tmp_path, "b").apply(SETUP).intact
    assert (tmp_path / "a").read_bytes() == BASE
    assert change_of(tmp_path, "b").restore() == ""
    assert change_of(tmp_path, "b").restore() == "host cp-1: nothing of ours is there, so nothing was taken back"
    assert (tmp_path / "b").read_bytes() == BASE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_both_reasons_and_the_log_are_told_where_the_way_back_fails_too(tmp_path: Path) -> None:
    faults = [ChangeError("the first"), ChangeError("the second")]
    with pytest.raises(
        ChangeError, match=r"the first; .* not back yet \(the second\); the next `up` goes on"
    ) as caught:
        change_of(tmp_path, faults=faults).apply(SETUP)
    assert "| its last words" in str(caught.value)
    change_of(tmp_path).recover()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="the host is as it was before"):
        change_of(tmp_path, log_folder="/proc/k8s-audit").apply(SETUP)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_restore_that_was_cut_off_waits_for_what_follows_the_process_it_found_first(tmp_path: Path) -> None:
    work = change_of(tmp_path)
    work.apply(SETUP)
    record = work.journal.read()
    assert record
    work.journal.write(record.model_copy(update={"step": Step.RESTORING}))
    again = change_of(tmp_path, now=[(2, 2.0)], told=False)
    again.restore()
    assert isinstance(again.server, StandInServer)
    assert again.server.waited == [[(1, 1.0)]]
