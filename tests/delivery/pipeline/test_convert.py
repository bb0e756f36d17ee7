"""`k8s-audit convert` as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery.pipeline.records import CONTROL, azure, azure_record, cloudwatch, event, text


def convert(*arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    program = "from k8s_audit.cli.app import app; app()"
    environment = os.environ | ({"PATH": path} if path is not None else {})
    return subprocess.run(
        [sys.executable, "-c", program, "convert", *arguments], capture_output=True, text=True, env=environment
    )


def test_events_go_to_stdout_in_order_and_faults_to_stderr(tmp_path: Path) -> None:
    file = tmp_path / "records"
    records = [CONTROL, cloudwatch(text(event(1)), "broken", text(event(2))), "{", cloudwatch(text(event(3)))]
    file.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in records))
    done = convert("--source", "eks", str(file))
    assert done.stdout.splitlines() == [text(event(at)) for at in (1, 2, 3)]
    first, second = done.stderr.splitlines()
    assert first == f"{file}:2: no JSON"
    assert second.startswith(f"{file}:3: it could not be decoded")
    assert done.returncode == 1


def test_all_converted_is_0_also_of_many_records_and_of_none(tmp_path: Path) -> None:
    file = tmp_path / "records"
    whole = [azure(*(azure_record(text(event(at * 10 + each)) + "\n") for each in range(10))) for at in range(200)]
    file.write_text("".join(json.dumps(each) + "\n" for each in whole))
    done = convert("--source", "aks", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "".join(text(event(at)) + "\n" for at in range(2000))
    file.write_text("")
    done = convert("--source", "gke", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("source", "file", "said"),
    [
        ("esk", "records", "--source: did you mean eks? allowed: eks, gke, aks, openshift, iks; given: 'esk'"),
        ("eks", "missing", "No such file or directory"),
        ("eks", ".", "Is a directory"),
    ],
)
def test_bad_input_is_2(source: str, file: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "records").write_text("")
    done = convert("--source", source, str(tmp_path / file))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_bento_it_is_3_and_one_message(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("")
    done = convert("--source", "eks", str(tmp_path / "records"), path=str(tmp_path))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("bento is not on the PATH: ")
    assert len(done.stderr.splitlines()) == 1
