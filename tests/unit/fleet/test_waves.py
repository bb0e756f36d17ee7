"""Waves, without Pulumi: how many at once, in which order, and when none is begun any more."""

from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import pytest

from k8s_audit.fleet.progress_file import ProgressFile
from k8s_audit.fleet.waves import DONE_BEFORE, FAILED, NOT_BEGUN, PROVED, Result, roll_out


class Stacks:
    """Brings stacks up; counts how many at once."""

    def __init__(self, *failing: str, together: int = 1) -> None:
        self.failing, self.brought = failing, list[str]()
        self.now = self.most = 0
        self.lock, self.barrier = Lock(), Barrier(together)

    def __call__(self, stack: str) -> Result:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.brought.append(stack)
        self.barrier.wait(10)
        with self.lock:
            self.now -= 1
        return Result(stack, FAILED if stack in self.failing else PROVED)


def outcomes(results: list[Result]) -> dict[str, str]:
    return {result.stack: result.outcome for result in results}


def test_a_wave_begins_when_the_one_before_is_proved_and_so_many_go_at_once() -> None:
    stacks = Stacks(together=2)
    told: list[str] = []
    results = roll_out([["a", "b"], ["c", "d", "e", "f"]], stacks, 2, began=told.append)
    assert set(outcomes(results).values()) == {PROVED}
    assert (stacks.most, sorted(stacks.brought[:2])) == (2, ["a", "b"])
    assert told == ["a", "b", "c", "d", "e", "f"]
    assert [(result.stack, result.wave) for result in results][1:3] == [("b", 1), ("c", 2)]


def test_after_the_first_that_fails_none_is_begun_and_what_has_begun_ends() -> None:
    stacks = Stacks("b", together=2)
    results = roll_out([["a", "b", "c"], ["d"]], stacks, 2)
    assert outcomes(results) == {"a": PROVED, "b": FAILED, "c": NOT_BEGUN, "d": NOT_BEGUN}
    assert stacks.now == 0


def test_what_was_done_before_is_told_and_not_done_again() -> None:
    stacks = Stacks()
    told: list[Result] = []
    results = roll_out([["a"], ["b"]], stacks, 3, done={"a"}, ended=told.append)
    assert outcomes(results) == {"a": DONE_BEFORE, "b": PROVED}
    assert stacks.brought == ["b"]
    assert [result.stack for result in told] == ["a", "b"]


def test_ctrl_c_lets_end_what_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = Stacks()

    def interrupt(_: Result) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        roll_out([["a"], ["b"]], stacks, 2, ended=interrupt)
    assert (stacks.brought, stacks.now) == (["a"], 0)


def test_a_stack_is_done_until_its_file_or_the_program_changes(tmp_path: Any) -> None:
    (tmp_path / "stacks").mkdir()
    for name in ("a", "b"):
        (tmp_path / "stacks" / f"Pulumi.{name}.yaml").write_text("config: {}\n")
    program = tmp_path / "__main__.py"
    program.write_text("1")
    file = ProgressFile(tmp_path)
    assert file.done() == set()
    file.add("a")
    file.add("b")
    assert ProgressFile(tmp_path).done() == {"a", "b"}
    (tmp_path / "stacks" / "Pulumi.a.yaml").write_text("config: {x: 1}\n")
    assert file.done() == {"b"}
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: []")
    (tmp_path / "stacks" / "Pulumi.a.yaml").write_text("config: {audit:policy: {file: policy.yaml}}\n")
    file.add("a")
    policy.write_text("rules: [{level: None}]")
    assert file.done() == {"b"}, "a file that the stack names is another"
    program.write_text("2")
    assert file.done() == set()
    file.path.write_text("{")
    assert file.done() == set(), "a file that was cut off is none"
    file.remove()
    assert not file.path.exists()


def test_what_a_stack_names_is_seen_at_home_and_in_a_charts_folder_and_what_cannot_be_read_is_not_done(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, chart = tmp_path / "home", tmp_path / "charts" / "falco"
    for folder in (tmp_path / "stacks", home, chart / "templates"):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    (home / "policy.yaml").write_text("rules: []")
    (chart / "Chart.yaml").write_text("name: falco")
    named = "{policy: ~/policy.yaml, chart: charts/falco, folder: charts, other: ~nobody-of-this-name/x}"
    (tmp_path / "stacks" / "Pulumi.a.yaml").write_text(f"config: {named}\n")
    file = ProgressFile(tmp_path)
    file.add("a")
    (tmp_path / "charts" / "README").write_text("in no chart")
    assert file.done() == {"a"}
    for changed in (home / "policy.yaml", chart / "templates" / "daemonset.yaml"):
        changed.write_text("another")
        assert file.done() == set(), changed
        file.add("a")
        assert file.done() == {"a"}

    def unreadable(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", lambda path: unreadable(path) if path.parent == home else b"")
    assert file.done() == set()
    file.add("a")
    assert file.done() == set()
