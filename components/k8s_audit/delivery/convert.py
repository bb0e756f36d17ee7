"""Records of a cloud's export made into audit events on this machine, by the forwarder's own mapping in the real Bento.

One record a line, as the export delivers it once decompressed. Nothing is annotated or filtered, and nothing is sent anywhere.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from k8s_audit.delivery.pipeline.model import Decoder
from k8s_audit.delivery.pipeline.render import DECODERS, dump, events
from k8s_audit.errors import ToolError

LONGEST_LINE, LARGEST_EVENT = 2**28, 2**28
"""Bytes."""
SAID = 400
"""Characters of Bento's own words that a message shows."""
TOLD = """
root.line = @line
root.fault = @dead_letter
root.event = if @dead_letter == null { content().string() }
""".strip()


@dataclass(frozen=True)
class Converted:
    """What became of a part of a record: one of `event` and `fault` is there.

    Args:
        line: the record's, from 1.
        event: the JSON of an audit event.
        fault: why there is none.
    """

    line: int
    event: str | None
    fault: str | None


def convert(decoder: Decoder, records: BinaryIO) -> Iterator[Converted]:
    """Convert, in the order of the records and of what is in them.

    Args:
        decoder: of which cloud.
        records: one a line; a file with a descriptor.

    Raises:
        ToolError: there is no Bento, or it fails.
    """
    bento = shutil.which("bento")
    if bento is None:
        raise ToolError("bento is not on the PATH: python -m tools.setup test builds it, . tools/activate finds it")
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder, "convert.yaml"), Path(folder, "log")
        file.write_text(dump(configuration(decoder)))
        with log.open("wb") as said:
            process = subprocess.Popen([bento, "-c", str(file)], stdin=records, stdout=subprocess.PIPE, stderr=said)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                found = json.loads(line)
                yield Converted(found["line"], found.get("event"), found.get("fault"))
        finally:
            process.stdout.close()
            code = process.wait()
        if code:
            raise ToolError(f"bento ended with {code}: {log.read_text('utf-8', 'replace')[-SAID:].strip()}")


def configuration(decoder: Decoder) -> dict[str, Any]:
    """Bento's configuration: from stdin to stdout, one thread, so that the order stays."""
    number = 'meta line = count("line")\nroot = if content().string().trim() == "" { deleted() }'
    return {
        "http": {"enabled": False},
        "input": {"stdin": {"scanner": {"lines": {"max_buffer_size": LONGEST_LINE}}}},
        "pipeline": {
            "threads": 1,
            "processors": [
                {"mapping": number},
                *events([], DECODERS[decoder](), None, (), LARGEST_EVENT),
                {"mapping": TOLD},
            ],
        },
        "output": {"stdout": {"codec": "lines"}},
        "logger": {"level": "ERROR", "format": "json"},
        "metrics": {"none": {}},
    }
