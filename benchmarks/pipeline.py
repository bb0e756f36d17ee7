"""The managed clouds' way on local services: how late events are, with and without faults, and what the forwarder takes for it.

Each forwarder runs as its pod would, with one processor (GOMAXPROCS=1); sender, cloud, forwarder and recorder share this
machine. Time begins when an event is written to the cloud's service and ends when the recorder has it on disk.
A core's throughput is counted per second of the forwarder's own CPU and by the clock, with the process held on one
processor. Two replicas share what waits, against one, at a receiver that takes its time: on two processors they could not show
it by CPU. Their time is from when the receiver first answers, with all events in the service, to the last event. Beside them a plain
poller, which reads like the seed's forwarder.
"""

import time
from contextlib import AbstractContextManager, ExitStack
from threading import Timer

from benchmarks.client import BenchmarkError
from benchmarks.poller import PERIOD, Poller
from benchmarks.progress import say
from benchmarks.rounds import Row, interleave, percentile, ratios
from benchmarks.ways import POLL, Way, clouds, cpu_seconds, peak_mebibytes
from k8s_audit.delivery.pipeline.model import Filter, Sink
from k8s_audit.receivers.recorder.server import PATH
from tests.delivery.eks.cloud import Eks
from tests.delivery.forwarder.bento import Bento
from tests.delivery.way import forwarder
from tests.standins.faulty_proxy import FaultyProxy

ROUNDS = 3
RATE = 100.0
"""Events a second."""
STEADY = 1500
"""Events of a round at that rate."""
WARM_UP = 300
P99, P50 = 5.0, 1.0
"""Seconds: goals."""
KILLED, KILLED_RATE = 10_000, 60.0
KILLS = (10.0, 70.0, 130.0)
"""Seconds after the first event. A minute apart: with quick kills, kfake was seen to list dead members of a group for minutes."""
RESTART = 1.0
"""Seconds between a kill and the next start."""
RECOVERED = 60.0
"""Seconds: a goal."""
TWICE = 5.0
"""Percent: a goal."""
DOWN = 120.0
"""Seconds for which the receiver answers 503."""
WAITING = 40_000
"""Events that wait before a forwarder starts."""
A_CORE = 5_000.0
"""Events a second: a goal."""
MEMORY = 256.0
"""MiB: a goal."""
SHARED, PACE = 20_000, 3e6
"""Events for two replicas; bytes a second that the receiver takes of a POST, so that a few small ones cost no more than one large one."""
TWO_REPLICAS = 1.7
PATIENCE = 300.0
"""Seconds until a benchmark gives up."""
FILTERS = (Filter(users=("system:nobody:*",), verbs=("get",)), Filter(resources=("pods/*",), namespaces=("nowhere",)))
"""They match nothing, and are asked of each event."""


def run() -> list[Row]:
    """Measure all of it."""
    with clouds() as ways:
        memory: dict[str, float] = {}
        return [
            *_steady(ways, memory),
            *_poller(ways["eks"]),
            *(row for name, way in ways.items() for row in _kills(name, way)),
            *(row for name, way in ways.items() for row in _down(name, way, memory)),
            *_a_core(ways, memory),
            *(Row(f"{name}, most memory", [value], "MiB", MEMORY) for name, value in memory.items()),
            *_replicas(ways),
        ]


def _steady(ways: dict[str, Way], memory: dict[str, float]) -> list[Row]:
    """Interleaved rounds; the forwarders of all clouds run all the while."""
    measured: dict[str, list[list[float]]] = {name: [] for name in ways}
    with ExitStack() as ends:
        running = {name: ends.enter_context(_forwarder(way)) for name, way in ways.items()}
        for way in ways.values():
            way.arrived(way.send(WARM_UP, RATE), PATIENCE)
        for number, name in interleave(list(ways), ROUNDS):
            measured[name].append(ways[name].arrived(ways[name].send(STEADY, RATE), PATIENCE))
            say(f"pipeline: round {number + 1} of {ROUNDS}, {name}: p99 {percentile(measured[name][-1], 99):.2f} s")
        memory |= {name: peak_mebibytes(each) for name, each in running.items()}
    return [
        Row(f"{name}, {RATE:.0f} events/s, p{of}", [percentile(each, of) for each in rounds], "s", goal)
        for name, rounds in measured.items()
        for of, goal in ((99, P99), (50, P50))
    ]


def _poller(way: Way) -> list[Row]:
    """One round, since it takes longer than its period."""
    assert isinstance(way.cloud, Eks)
    with Poller(way.cloud.logs, way.cloud.group, way.recorder.url):
        took = way.arrived(way.send(round(PERIOD * RATE), RATE), 2 * PERIOD)
    say(f"pipeline: a poller: p99 {percentile(took, 99):.0f} s")
    return [Row(f"a poller each {PERIOD:.0f} s, p{of}", [percentile(took, of)], "s") for of in (99, 50)]


def _kills(name: str, way: Way) -> list[Row]:
    """Three of them in one round."""
    kills = list(KILLS)
    with _forwarder(way) as running:
        way.arrived(way.send(WARM_UP, RATE), PATIENCE)

        def kill(passed: float) -> None:
            if kills and passed > kills[0]:
                kills.pop(0)
                running.kill()
                Timer(RESTART, running.start).start()

        sent = way.send(KILLED, KILLED_RATE, kill)
        took = way.arrived(sent, PATIENCE)
        twice = 100 * way.arrivals.twice(sent)
        dead = way.cloud.dead_letters()
    if dead:
        raise BenchmarkError(f"{name}: {len(dead)} dead letters: {dead[0]}")
    say(f"pipeline: {name}, killed three times: all came, {twice:.1f} % twice, the latest after {max(took):.0f} s")
    return [
        Row(f"{name}, three kills, longest", [max(took)], "s", RECOVERED),
        Row(f"{name}, three kills, % twice", [twice], "", TWICE),
    ]


def _down(name: str, way: Way, memory: dict[str, float]) -> list[Row]:
    """The receiver is down for minutes; one round."""
    with FaultyProxy(way.recorder.url.removesuffix(PATH)) as proxy, _forwarder(way, proxy.url + PATH) as running:
        way.arrived(way.send(WARM_UP, RATE), PATIENCE)
        proxy.fault = 503
        sent = way.send(round(DOWN * RATE), RATE)
        proxy.fault, began = None, time.time()
        way.arrived(sent, PATIENCE)
        took = max(way.arrivals.first[each] for each in sent) - began
        memory[name] = max(memory[name], peak_mebibytes(running))
        twice = 100 * way.arrivals.twice(sent)
    if way.cloud.dead_letters():
        raise BenchmarkError(f"{name}: dead letters while the receiver was down")
    say(f"pipeline: {name}, receiver down for {DOWN:.0f} s: all came {took:.0f} s after, {twice:.1f} % twice")
    return [Row(f"{name}, 503 for {DOWN:.0f} s, all there after", [took], "s", RECOVERED)]


def _a_core(ways: dict[str, Way], memory: dict[str, float]) -> list[Row]:
    """What waits in the stream is brought on as fast as it goes."""
    by_cpu: dict[str, list[float]] = {name: [] for name in ways}
    by_clock: dict[str, list[float]] = {name: [] for name in ways}
    for number, name in interleave(list(ways), ROUNDS):
        way = ways[name]
        sent = way.send(WAITING, WAITING)
        with _forwarder(way, prefix=("taskset", "--cpu-list", "0")) as running:
            while not (here := _here(way, sent)):
                time.sleep(POLL)
            cpu, began = cpu_seconds(running), time.monotonic()
            way.arrived(sent, PATIENCE)
            by_clock[name].append((WAITING - here) / (time.monotonic() - began))
            by_cpu[name].append((WAITING - here) / (cpu_seconds(running) - cpu))
            memory[name] = max(memory[name], peak_mebibytes(running))
        say(
            f"pipeline: round {number + 1} of {ROUNDS}, {name}: {by_cpu[name][-1]:.0f} events a second of CPU,"
            f" {by_clock[name][-1]:.0f} by the clock"
        )
    return [
        row
        for name in ways
        for row in (
            Row(f"{name}, events/s of CPU", by_cpu[name], floor=A_CORE),
            Row(f"{name}, events/s by the clock, one core", by_clock[name]),
        )
    ]


def _replicas(ways: dict[str, Way]) -> list[Row]:
    """One against two, of what waits; each has one POST at a time on its way."""
    taken: dict[tuple[str, int], list[float]] = {(name, count): [] for name in ways for count in (1, 2)}
    for number, (name, count) in interleave(list(taken), ROUNDS):
        way = ways[name]
        with FaultyProxy(way.recorder.url.removesuffix(PATH)) as proxy, ExitStack() as ends:
            sink = Sink(proxy.url + PATH, max_in_flight=1)
            replicas = [ends.enter_context(forwarder(way.cloud, sink, FILTERS)) for _ in range(count)]
            for each in replicas:  # one that leaves is not waited for
                ends.callback(each.end)
            deadline = time.monotonic() + PATIENCE
            while not all(each.counts("input_received") for each in replicas):  # a shard is handed over after its lease
                if time.monotonic() > deadline:
                    raise BenchmarkError(f"{name}: not all replicas get a part")
                way.arrived(way.send(WARM_UP, RATE), PATIENCE)
            proxy.pace = PACE
            proxy.open.clear()
            sent = way.send(SHARED, SHARED)
            proxy.open.set()
            began = time.time()
            way.arrived(sent, PATIENCE)
            taken[name, count].append(max(way.arrivals.first[each] for each in sent) - began)
        say(f"pipeline: round {number + 1} of {ROUNDS}, {name}, {count} replicas: {taken[name, count][-1]:.1f} s")
    return [
        Row(f"{name}, two replicas ÷ one", ratios(taken[name, 1], taken[name, 2]), floor=TWO_REPLICAS) for name in ways
    ]


def _here(way: Way, sent: list[str]) -> int:
    came = way.arrivals.look()
    return sum(each in came for each in sent)


def _forwarder(way: Way, url: str = "", prefix: tuple[str, ...] = ()) -> AbstractContextManager[Bento]:
    return forwarder(way.cloud, Sink(url or way.recorder.url), FILTERS, prefix)
