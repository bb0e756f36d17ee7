"""A real Bento that decodes one record at a time: posted to it, the event or the dead letter is its answer."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from k8s_audit.delivery.forwarder.pipeline_text import PORT
from k8s_audit.delivery.pipeline.model import Annotation, Decoder
from k8s_audit.delivery.pipeline.render import DECODERS, dump, events
from tests.delivery.forwarder.bento import Bento, bento

LIMIT = 2**20
OUTCOME = """\
root.event = if @dead_letter == null { this }
root.dead = @dead_letter
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a record.

    Args:
        events: none: it was skipped.
        dead: why it is a dead letter.
    """

    events: list[dict[str, Any]]
    dead: str | None = None


class Decoding:
    """The running decoder."""

    def __init__(self, running: Bento) -> None:
        self.running = running
        self.client = httpx.Client(base_url=running.url, trust_env=False, timeout=30)

    def of(self, record: Any) -> Outcome:
        """Of a record: text as it is, anything else as JSON."""
        content = record if isinstance(record, str | bytes) else json.dumps(record)
        answer = self.client.post("/record", content=content)
        assert answer.status_code in (200, 204), (answer.status_code, answer.text, self.running.lines()[-2000:])
        parts = [json.loads(part) for part in answer.text.split("\n") if part.startswith("{")]
        dead = next((part["dead"] for part in parts if part["dead"]), None)
        return Outcome([part["event"] for part in parts if not part["dead"]], dead)

    def counted(self, name: str) -> dict[str, float]:
        """A counter of the pipeline, by its reason."""
        found = re.findall(rf"^k8s_audit_{name}(\{{.*\}})? (\S+)$", self.running.metrics(), re.MULTILINE)
        reasons = [(re.findall(r'reason="([^"]*)"', labels), float(value)) for labels, value in found]
        return {"".join(reason): value for reason, value in reasons}


@contextmanager
def decoding(folder: Path, decoder: Decoder, annotation: Annotation | None = None) -> Iterator[Decoding]:
    """Run it; what is decoded is judged and annotated as in the forwarder."""
    processors = events([{"mapping": "meta = deleted()"}], DECODERS[decoder](), annotation or Annotation(), (), LIMIT)
    text = dump(
        {
            "http": {"address": f"0.0.0.0:{PORT}"},
            "input": {"http_server": {"path": "/record", "timeout": "30s"}},
            "pipeline": {"threads": 1, "processors": processors},
            "output": {"sync_response": {}, "processors": [{"mapping": OUTCOME}]},
            "logger": {"level": "WARN"},
            "metrics": {"prometheus": {}},
            "shutdown_timeout": "1s",
        }
    )
    with bento(folder, text) as running:
        running.wait(lambda: (answer := running.get("/ready")) is not None and answer.status_code == 200)
        yield Decoding(running)
