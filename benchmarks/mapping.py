"""What decode, filter and post take of a core for GKE, without Pub/Sub, beside what no mapping can do without.

GKE's events alone are written anew: a LogEntry becomes an Event. One arm is the product's own pipeline over LogEntries in a file; the other
one ("JSON alone") only reads the same JSON and writes it again, in the same batches and POSTs. Both with one processor (GOMAXPROCS=1), as a pod has; the
receiver takes everything and looks at nothing. What a run with one event takes, the start, is taken off.
"""

import json
import os
import resource
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.client import BenchmarkError
from benchmarks.control_planes import control_planes
from benchmarks.pipeline import A_CORE, FILTERS
from benchmarks.progress import say
from benchmarks.rounds import Row, interleave, ratios
from k8s_audit.delivery.pipeline.model import Annotation, Pipeline, PubSubDeadLetter, PubSubSource, Sink
from k8s_audit.delivery.pipeline.render import configuration, dump
from tests.delivery.audit_log import copies, real_events
from tests.standins.faulty_proxy import FaultyProxy
from tests.standins.gke_log import GkeLog

ROUNDS = 5
EVENTS = 24_000
OURS, FLOOR = "decode, filter and post", "JSON alone"
READ_AND_WRITE = [{"mapping": "let text = this.format_json(no_indent: true).string()\nroot = $text"}]
LONGEST_LINE = 2**24
"""Bytes."""


def run() -> list[Row]:
    """Measure both, one after the other."""
    measured: dict[str, list[float]] = {OURS: [], FLOOR: []}
    with TemporaryDirectory(prefix="k8s-audit-benchmark-") as temporary, FaultyProxy("http://127.0.0.1:1") as proxy:
        proxy.fault = 200
        folder = Path(temporary)
        with control_planes(1) as (plane,):
            events = copies(real_events(plane.cluster, folder), EVENTS)
        log = GkeLog("prod-1", "europe-west1", "project")
        entries = [json.dumps(log.entry(json.loads(event))) + "\n" for event in events]
        one, all_of_them = folder / "one.jsonl", folder / "all.jsonl"
        one.write_text(entries[0])
        all_of_them.write_text("".join(entries))
        for number, arm in interleave([OURS, FLOOR], ROUNDS):
            start, whole = (_cpu_seconds(folder, proxy.url, arm, file) for file in (one, all_of_them))
            measured[arm].append(EVENTS / (whole - start))
            say(f"mapping: round {number + 1} of {ROUNDS}, {arm}: {measured[arm][-1]:.0f} events a second of CPU")
    return [
        Row(f"gke, {OURS}, events/s of CPU", measured[OURS], floor=A_CORE),
        Row(f"gke, {FLOOR}, events/s of CPU", measured[FLOOR]),
        Row(f"gke, {OURS} ÷ {FLOOR}", ratios(measured[OURS], measured[FLOOR])),
    ]


def _cpu_seconds(folder: Path, url: str, arm: str, entries: Path) -> float:
    """What a Bento takes of the processors that brings them all to the receiver and ends."""
    (folder / "pipeline.yaml").write_text(dump(_configuration(folder, url, arm, entries)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {"PATH": os.environ["PATH"], "GOMAXPROCS": "1", "NO_PROXY": "*"}
    command = ["bento", "-c", str(folder / "pipeline.yaml")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or (folder / "dead-letters").exists():
        raise BenchmarkError(f"Bento ended with {done.returncode}, or something was no event: {done.stdout[-400:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _configuration(folder: Path, url: str, arm: str, entries: Path) -> dict[str, Any]:
    pipeline = Pipeline(
        source=PubSubSource(project="project", subscription="audit"),
        decoder="gke",
        sink=Sink(f"{url}/k8s-audit"),
        dead_letter=PubSubDeadLetter(project="project", topic="dead-letters"),
        annotation=Annotation(cluster="prod-1", region="europe-west1"),
        filters=FILTERS,
    )
    made = configuration(pipeline)
    lines = {"lines": {"max_buffer_size": LONGEST_LINE}}
    made["input"]["broker"]["inputs"] = [{"file": {"paths": [str(entries)], "scanner": lines}}]
    made["output_resources"] = [{"label": "dead_letter", "file": {"path": str(folder / "dead-letters")}}]
    made["http"] = {"enabled": False}
    return made if arm == OURS else made | {"pipeline": {"processors": READ_AND_WRITE}}
