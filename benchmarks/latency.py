"""How long an event takes from the request to the receiver's acceptance: our flags, the seed's, and ours to a Falco-like one.

One API server, restarted with the other arm's flags; 20 requests a second, each a dry-run create whose event is found
again by its Audit-Id. Measured because the batch's longest wait, which we set to 1 s and the seed to 5 s, is what a
detection waits for. The time ends when the receiver has read the batch and is about to keep it. The Falco-like receiver is
the tests' stand-in with the plugin's limits (256 KiB an event, 12 MiB a body), within which our flags are kept.
"""

import time
from collections.abc import Iterable

from benchmarks.client import BenchmarkError, Client
from benchmarks.control_planes import ControlPlane, control_planes
from benchmarks.progress import say
from benchmarks.rounds import Row, interleave, percentile, ratios
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.recorder_proof import RecorderProof
from k8s_audit.receivers.endpoint import ACCEPTED, ReceiverEndpoint
from tests.standins.falco import BODY_LIMIT, EVENT_LIMIT, FalcoLike

ROUNDS = 5
RATE = 20
"""Requests a second."""
DURATION, WARM_UP = 10.0, 3.0
"""Seconds of requests: of a round, and before it."""
ARRIVAL = 30.0
"""Seconds until the last event must have come."""
GOAL = 1.5
"""Seconds, for our p99: one batch wait of 1 s, and half a second for all else."""


def run() -> list[Row]:
    """Measure both arms."""
    measured: dict[str, list[list[float]]] = {arm: [] for arm in ("ours", "seed", "falco")}
    with control_planes(1) as (plane,), FalcoLike() as falco:
        limited = ReceiverEndpoint("falco", falco.url, body_limit=BODY_LIMIT, event_limit=EVENT_LIMIT, proof=ACCEPTED)
        ours = AuditFlags()
        for number, arm in interleave(list(measured), ROUNDS):
            if arm == "falco":
                plane.audit(ours.within(BODY_LIMIT, EVENT_LIMIT), limited)
                measured[arm].append(_falco_round(plane, falco))
            else:
                plane.audit({"ours": ours, "seed": AuditFlags.seed()}[arm])
                measured[arm].append(_round(plane))
            say(f"latency: round {number + 1} of {ROUNDS}, {arm}: p99 {percentile(measured[arm][-1], 99):.2f} s")
    p50, p99 = ({arm: [percentile(r, p) for r in rounds] for arm, rounds in measured.items()} for p in (50, 99))
    return [
        Row("our flags, p99", p99["ours"], "s", GOAL),
        Row("our flags, p50", p50["ours"], "s"),
        Row("our flags, Falco-like receiver, p99", p99["falco"], "s", GOAL),
        Row("our flags, Falco-like receiver, p50", p50["falco"], "s"),
        Row("the seed's flags, p99", p99["seed"], "s"),
        Row("the seed's flags, p50", p50["seed"], "s"),
        Row("p99, ours ÷ the seed's", ratios(p99["ours"], p99["seed"])),
    ]


def _round(plane: ControlPlane) -> list[float]:
    """Seconds that each event took."""
    with Client(plane.kubeconfig) as client, RecorderProof(plane.recorder.endpoint()) as recorder:
        _received(recorder, _send(client, WARM_UP))
        sent = _send(client, DURATION)
        received = _received(recorder, sent)
        return [received[audit_id] - began for audit_id, began in sent.items()]


def _falco_round(plane: ControlPlane, falco: FalcoLike) -> list[float]:
    """The same to the Falco-like receiver, which knows when it read each event."""
    with Client(plane.kubeconfig) as client:
        _send(client, WARM_UP)
        sent = _send(client, DURATION)
    deadline = time.monotonic() + ARRIVAL
    while missing := sent.keys() - falco.received.keys():
        if time.monotonic() > deadline:
            raise BenchmarkError(f"{len(missing)} events did not reach the Falco-like receiver within {ARRIVAL:.0f} s")
        time.sleep(0.1)
    return [falco.received[audit_id] - began for audit_id, began in sent.items()]


def _send(client: Client, duration: float) -> dict[str, float]:
    """Send requests at the rate; return when each was sent, by its auditID."""
    sent = {}
    start = time.monotonic()
    for number in range(int(duration * RATE)):
        time.sleep(max(0.0, start + number / RATE - time.monotonic()))
        answer = client.create(f"benchmark-{number}")
        sent[answer.audit_id] = answer.began
    return sent


def _received(recorder: RecorderProof, audit_ids: Iterable[str]) -> dict[str, float]:
    """When the recorder accepted each event; waits for those that are still on their way."""
    deadline = time.monotonic() + ARRIVAL
    received = {}
    for audit_id in reversed(list(audit_ids)):
        while (at := recorder.received(audit_id)) is None:
            if time.monotonic() > deadline:
                raise BenchmarkError(f"event {audit_id} did not reach the recorder within {ARRIVAL:.0f} s")
            time.sleep(0.1)
        received[audit_id] = at
    return received
