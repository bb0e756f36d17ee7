import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from k8s_audit.errors import ToolError
from k8s_audit.local_cluster.process import (
    Identity,
    environment,
    last_lines,
    lock,
    read_json,
    start_detached,
    write_json,
)


def test_a_process_is_known_by_pid_and_start_time() -> None:
    me = Identity.of(os.getpid())
    assert me
    assert me.running
    assert Identity.from_record(me.record()) == me
    assert not Identity(me.pid, "another").running


def test_a_zombie_does_not_run() -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = Identity.of(child.pid)
    assert identity
    os.kill(child.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while identity.running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not identity.running, "though nobody has reaped it"
    assert Identity.of(child.pid) is None
    child.wait()


def test_ending_twice_is_fine() -> None:
    child = subprocess.Popen(["sleep", "60"], start_new_session=True)
    identity = Identity.of(child.pid)
    assert identity
    assert identity.end(grace=5)
    assert identity.end(grace=5)
    assert child.wait() == -signal.SIGTERM


@pytest.mark.parametrize(
    "record", [None, {}, [], {"pid": "1", "startTime": "x"}, {"pid": 1}, {"pid": 1, "startTime": 2}]
)
def test_a_record_of_another_shape_names_no_process(record: object) -> None:
    assert Identity.from_record(record) is None


def test_a_detached_process_is_a_child_of_init_in_another_session_and_appends_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "a log"
    log.write_text("before\n")
    started = start_detached("http.server", ["0", "--bind", "127.0.0.1"], log, tmp_path)
    assert started
    try:
        assert os.getsid(started.pid) != os.getsid(0)
        assert os.getpgid(started.pid) != os.getpgid(0)
        parent = Path(f"/proc/{started.pid}/status")
        if parent.exists():
            assert f"PPid:\t{os.getpid()}\n" not in parent.read_text()
    finally:
        assert started.end(grace=5)
    assert last_lines(log)[0] == "before"


def test_no_secret_of_the_environment_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    assert "PULUMI_CONFIG_PASSPHRASE" not in environment()
    assert environment({"A": "b"})["A"] == "b"


def test_a_lock_that_another_process_holds_is_waited_for_and_then_an_error(tmp_path: Path) -> None:
    code = f"import fcntl,time; f=open({str(tmp_path / 'lock')!r},'w'); fcntl.flock(f,2); print(1,flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(ToolError, match="another command is still at work"), lock(tmp_path / "lock", timeout=0.3):
            pass
        holder.kill()
    with lock(tmp_path / "lock", timeout=5):
        pass


def test_json_is_written_whole_and_for_its_owner_only_and_rubbish_reads_as_nothing(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": 1})
    assert read_json(tmp_path / "x.json") == {"a": 1}
    assert (tmp_path / "x.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]
    for rubbish in (b"", b"[1]", b"\xff", b'{"a"'):
        (tmp_path / "x.json").write_bytes(rubbish)
        assert read_json(tmp_path / "x.json") == {}
    assert read_json(tmp_path / "none") == {}
