"""`python -m benchmarks [NAME…]`: measure, print a table on stdout, and draw it. A missed goal is shown, and is no failure."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import latency, mapping, overhead, pipeline, platforms, plot, preview, receivers, up
from benchmarks.client import BenchmarkError
from benchmarks.progress import say
from benchmarks.rounds import Row, header, lines
from k8s_audit.errors import K8sAuditError

BENCHMARKS: dict[str, Callable[[], list[Row]]] = {
    "latency": latency.run,
    "mapping": mapping.run,
    "overhead": overhead.run,
    "pipeline": pipeline.run,
    "platforms": platforms.run,
    "preview": preview.run,
    "receivers": receivers.run,
    "up": up.run,
}
FAILED, INTERRUPTED = 3, 130
PICTURE = Path(__file__).parents[1] / "build" / "benchmarks.svg"


def main() -> int:
    """Run what was asked for; 0: all was measured, 3: something could not be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*BENCHMARKS, []], help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} processors; load before the start (1, 5, 15 minutes): {load}\n\n{header()}", flush=True)
    code = 0
    table = ""
    try:
        for name in names:
            try:
                table += (found := lines(name, BENCHMARKS[name]())) + "\n"
                print(found, flush=True)
            except (BenchmarkError, K8sAuditError, OSError) as error:
                say(f"{name} could not be measured: {error}")
                code = FAILED
    except KeyboardInterrupt:
        say("interrupted; everything is cleaned up")
        return INTERRUPTED
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(plot.svg(table), "utf-8")
    say(f"drawn: {PICTURE}")
    return code


def _interrupt(*_: Any) -> None:
    """Go back once; what cleans up is not interrupted again."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: None)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
