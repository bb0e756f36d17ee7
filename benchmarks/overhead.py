"""What auditing adds to an API request: the same requests to an audited and to an unaudited API server.

Two equal control planes run at once, one audited with the product's defaults and its recorder. One client sends each
request to both, taking turns which is first, so that whatever else the machine does meets both. The recorder and the
sending of batches use the same processors as both API servers: that part of the cost meets both arms, and what the
ratio shows is the part that a request itself waits for (policy, copy of its body, line in the log).
"""

from collections.abc import Callable
from itertools import chain

from benchmarks.client import Answer, Client
from benchmarks.control_planes import control_planes
from benchmarks.progress import say
from benchmarks.rounds import Row, percentile, ratios
from k8s_audit.delivery.flags import AuditFlags

ROUNDS = 9
PAIRS = 900
"""Requests to each API server in a round; p99 lies between the ninth and tenth slowest."""
WARM_UP = 900
GOAL = 1.10
"""For both ratios."""
Request = Callable[[Client, int], Answer]
MIX: dict[str, Request] = {
    "create": lambda client, number: client.create(f"benchmark-{number}"),
    "get": lambda client, number: client.get(),
    "list": lambda client, number: client.list(),
}
"""In equal parts."""


def run() -> list[Row]:
    """Measure both arms."""
    rounds: list[tuple[dict[str, list[float]], dict[str, list[float]]]] = []
    with control_planes(2) as (audited, unaudited):
        audited.audit(AuditFlags())
        with Client(audited.kubeconfig) as with_audit, Client(unaudited.kubeconfig) as without:
            _round((with_audit, without), WARM_UP)
            for number in range(ROUNDS):
                rounds.append(_round((with_audit, without), PAIRS))
                p50 = [percentile(chain(*arm.values()), 50) for arm in rounds[-1]]
                say(f"overhead: round {number + 1} of {ROUNDS}: p50 ratio {p50[0] / p50[1]:.3f}")
    rows = []
    for p in (50, 99):
        arms = [[1000 * percentile(chain(*r[arm].values()), p) for r in rounds] for arm in (0, 1)]
        rows += [
            Row(f"p{p}, audited ÷ not audited", ratios(*arms), goal=GOAL),
            Row(f"p{p}, audited", arms[0], "ms"),
            Row(f"p{p}, not audited", arms[1], "ms"),
        ]
    for verb in MIX:
        arms = [[percentile(r[arm][verb], 50) for r in rounds] for arm in (0, 1)]
        rows.append(Row(f"p50, audited ÷ not audited, {verb} alone", ratios(*arms)))
    return rows


def _round(clients: tuple[Client, Client], pairs: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds that each request took, by arm and verb."""
    taken: tuple[dict[str, list[float]], dict[str, list[float]]] = ({v: [] for v in MIX}, {v: [] for v in MIX})
    verbs = list(MIX)
    for number in range(pairs):
        verb = verbs[number // 2 % len(verbs)]  # two pairs of each, one in each order
        for arm in (0, 1) if number % 2 == 0 else (1, 0):
            taken[arm][verb].append(MIX[verb](clients[arm], number).seconds)
    return taken
