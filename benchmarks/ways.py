"""What is done to a cloud's way and what is read off it: events at a rate, kills, what a process took of CPU and memory."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.client import BenchmarkError
from benchmarks.control_planes import control_planes, free_ports
from k8s_audit.receivers.recorder import Recorder
from tests.delivery.aks.cloud import aks
from tests.delivery.audit_log import audit_ids, copies, real_events
from tests.delivery.eks.cloud import eks
from tests.delivery.forwarder.bento import Bento
from tests.delivery.gke.cloud import gke
from tests.delivery.way import Arrivals, Cloud

TICK = 0.1
"""Seconds between two writes to the cloud's service."""
POLL = 0.05
"""Seconds."""


@dataclass
class Way:
    """A cloud, and where its events arrive.

    Args:
        cloud: its part.
        recorder: the product's own.
        events: of a real API server, as its audit log has them.
    """

    cloud: Cloud
    recorder: Recorder
    events: Sequence[str]
    sent: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what arrives from its beginning."""
        self.arrivals = Arrivals(self.recorder)

    def send(self, number: int, rate: float, do: Callable[[float], None] = lambda passed: None) -> list[str]:
        """Write events at a rate; `do` is called before each write with the seconds that have passed.

        Returns:
            their auditIDs.
        """
        lines = copies(self.events, number)
        names = audit_ids(lines)
        step, start = max(1, round(rate * TICK)), time.monotonic()
        for index, first in enumerate(range(0, number, step)):
            time.sleep(max(0.0, start + index * TICK - time.monotonic()))
            do(time.monotonic() - start)
            now = time.time()
            self.sent |= dict.fromkeys(names[first : first + step], now)
            self.cloud.put(lines[first : first + step])
        return names

    def arrived(self, audit_ids: Sequence[str], seconds: float) -> list[float]:
        """Wait for them; how long each took, in seconds.

        Raises:
            BenchmarkError: not all came.
        """
        deadline = time.monotonic() + seconds
        wanted = set(audit_ids)
        while missing := wanted - self.arrivals.look().keys():
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{len(missing)} of {len(wanted)} events did not arrive within {seconds:.0f} s")
            time.sleep(POLL)
        return [self.arrivals.first[each] - self.sent[each] for each in audit_ids]


@contextmanager
def clouds() -> Iterator[dict[str, Way]]:
    """The clouds with a recorder each, and real events for them."""
    with TemporaryDirectory(prefix="k8s-audit-benchmark-") as temporary, ExitStack() as ends:
        folder = Path(temporary)
        with control_planes(1) as (plane,):
            events = real_events(plane.cluster, folder)
        made: dict[str, Cloud] = {
            "eks": ends.enter_context(eks()),
            "gke": ends.enter_context(gke()),
            "aks": ends.enter_context(aks(folder)),
        }
        ways = {}
        for name, cloud in made.items():
            recorder = Recorder(folder / name, port=free_ports(1)[0])
            ends.callback(recorder.delete)
            recorder.create()
            ways[name] = Way(cloud, recorder, events)
        yield ways


def cpu_seconds(running: Bento) -> float:
    """What its process has taken of the processors so far."""
    times = psutil.Process(running.process.pid).cpu_times()
    return float(times.user + times.system)


def peak_mebibytes(running: Bento) -> float:
    """The most memory that its process has held (https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) / 1024
