"""The bill of a month as a pure function of events and `prices.yaml`: the cloud's log, its stream, the forwarder's pods.

Beside it a rough line for the way of Sysdig's guide. An estimate, not an offer: what it leaves out it says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from k8s_audit.errors import ConfigError
from k8s_audit.faults import nearest

HOURS, DAYS = 730, 365 / 12
"""Of a month."""
GB, GIB, TIB = 10**9, 2**30, 2**40
COMPRESSED = 0.2
"""Of an audit log's bytes, by gzip: what CloudWatch Logs stores and writes into Kinesis is compressed."""
PEAK = 4
"""How much more a busy second has than the average one: throughput units are paid for by the peak."""
FREE_LOG, FREE_PUBSUB = 50 * GIB, 10 * GIB
"""Free in each month: https://cloud.google.com/stackdriver/pricing, https://cloud.google.com/pubsub/pricing."""


class Price(BaseModel):
    """What one unit costs, and who says so."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)
    usd: float
    unit: str
    url: str
    basis: Literal["vendor", "third-party", "not-seen"]
    read_at: str = ""
    date: date


class Prices(BaseModel):
    """The whole of `prices.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    regions: dict[str, str]
    prices: dict[str, Price]


@dataclass(frozen=True)
class Load:
    """What there is to carry.

    Args:
        events_per_day: audit events that leave the cluster.
        bytes_per_event: of one, on average.
        data_access: GKE: the share of them that is in the Data Access log, which is paid for; 0: it is off.
        retention_days: EKS: how long the log group keeps them.
        replicas: of the forwarder.
        cpu: cores that each of them asks for.
        memory: GB that each of them asks for.
    """

    events_per_day: float
    bytes_per_event: float = 2400
    data_access: float = 0
    retention_days: float = 30
    replicas: int = 2
    cpu: float = 0.5
    memory: float = 0.5

    @property
    def size(self) -> float:
        """Bytes of a month."""
        return self.events_per_day * DAYS * self.bytes_per_event


@dataclass(frozen=True)
class Line:
    """One line of the bill.

    Args:
        price: its key in `prices.yaml`.
        amount: of the price's unit.
    """

    item: str
    price: str
    amount: float

    @property
    def usd(self) -> float:
        """Of a month."""
        return self.amount * prices().prices[self.price].usd


@dataclass(frozen=True)
class Estimate:
    """The bill of a month.

    Args:
        region: whose prices these are.
        lines: of our way.
        seed: of the way of Sysdig's guide, roughly.
        notes: what is assumed, and what is not counted.
    """

    platform: str
    region: str
    lines: list[Line]
    seed: list[Line]
    notes: list[str]

    @property
    def usd(self) -> float:
        """Our way's sum."""
        return sum(line.usd for line in self.lines)

    @property
    def seed_usd(self) -> float:
        """The sum of the guide's way."""
        return sum(line.usd for line in self.seed)


@cache
def prices() -> Prices:
    """The data, judged."""
    text = resources.files("k8s_audit.cost").joinpath("prices.yaml").read_text("utf-8")
    return Prices.model_validate(yaml.safe_load(text))


def estimate(platform: str, load: Load, region: str | None = None) -> Estimate:
    """What a month costs.

    Args:
        platform: eks, gke or aks.
        load: what there is to carry.
        region: yours; one whose prices are not in the data gets those of the one that is, and a note.

    Raises:
        ConfigError: there is no such platform, or a figure makes no sense; all faults at once.
    """
    faults = _faults(load)
    if platform not in WAYS:
        faults.insert(0, f"--platform: unknown; given: {platform!r}; {nearest(platform, list(WAYS))}")
    if faults:
        raise ConfigError(faults)
    made, known = WAYS[platform](load), prices().regions[platform]
    doubt = [] if region in (None, known) else [f"prices are those of {known}: those of {region} are not in the table"]
    return Estimate(platform, known, made.lines, made.seed, [*doubt, *made.notes, *NOTES])


def _faults(load: Load) -> list[str]:
    return [
        f"{key}: {needed}; given: {given:g}"
        for key, given, needed, holds in (
            ("--events-per-day", load.events_per_day, "more than 0, at most 1e12", 0 < load.events_per_day <= 1e12),
            ("--bytes-per-event", load.bytes_per_event, "from 100 to 2097152", 100 <= load.bytes_per_event <= 2**21),
            ("--data-access", load.data_access, "from 0 to 1", 0 <= load.data_access <= 1),
            ("--retention-days", load.retention_days, "from 1 to 3653", 1 <= load.retention_days <= 3653),
            ("--replicas", load.replicas, "from 1 to 100", 1 <= load.replicas <= 100),
        )
        if not holds
    ]


def _pods(load: Load, kind: str, replicas: int) -> list[Line]:
    hours = replicas * HOURS
    return [
        Line("forwarder's pods: CPU", f"{kind}Cpu", load.cpu * hours),
        Line("forwarder's pods: memory", f"{kind}Memory", load.memory * hours),
    ]


@dataclass(frozen=True)
class _Way:
    lines: list[Line]
    seed: list[Line]
    notes: list[str]


def _eks(load: Load) -> _Way:
    kept = load.size * COMPRESSED * load.retention_days / DAYS
    log = [
        Line("CloudWatch Logs: ingestion", "cloudwatchIngestion", load.size / GB),
        Line("CloudWatch Logs: storage", "cloudwatchStorage", kept / GB),
    ]
    stream = [
        Line("Kinesis: the stream", "kinesisStream", HOURS),
        Line("Kinesis: written", "kinesisIn", load.size * COMPRESSED / GB),
        Line("Kinesis: read", "kinesisOut", load.size * COMPRESSED / GB),
    ]
    notes = [
        f"gzip leaves {COMPRESSED:.0%} of the bytes; a quiet cluster's records are small, and each counts as 1 KB at least",
        "not counted: the DynamoDB table of checkpoints, keys of your own in KMS, VPC endpoints",
    ]
    return _Way([*log, *stream, *_pods(load, "fargate", load.replicas)], [*log, *_pods(load, "fargate", 1)], notes)


def _gke(load: Load) -> _Way:
    paid = max(load.size * load.data_access - FREE_LOG, 0)
    carried = max(2 * load.size - FREE_PUBSUB, 0)
    lines = [
        Line("Cloud Logging: Data Access log", "cloudLogging", paid / GIB),
        Line("Pub/Sub: published and delivered", "pubsub", carried / TIB),
        *_pods(load, "autopilot", load.replicas),
    ]
    notes = [
        "the Admin Activity log is free; how many events are reads, no document says: data access 0 means that it is off",
        "a LogEntry is taken to be as large as its event",
        "the guide's bridge reads Admin Activity alone, within the API's quota, which is free",
    ]
    return _Way(lines, _pods(load, "autopilot", 1), notes)


def _aks(load: Load) -> _Way:
    second = load.size / (DAYS * 86400)
    units = max(1, -(-PEAK * second // 10**6))
    way = [
        Line("Azure Monitor: export to the hub", "azureExport", load.size / GB),
        Line("Event Hubs: throughput units", "eventHubsUnit", units * HOURS),
        Line("Event Hubs: events in", "eventHubsIngress", load.events_per_day * DAYS / 10**6),
    ]
    notes = [
        f"{units:g} throughput unit(s), for a peak of {PEAK} times the average; one record an event, where Azure may put several in one",
        "not counted: the guide's storage account, whose operations nobody publishes a number of",
    ]
    pods = [_pods(load, "containerInstance", replicas) for replicas in (load.replicas, 1)]
    return _Way([*way, *pods[0]], [*way, *pods[1]], notes)


WAYS: dict[str, Callable[[Load], _Way]] = {"eks": _eks, "gke": _gke, "aks": _aks}
NOTES = [
    "pods are counted as a cloud's pods without nodes; on nodes with room they cost nothing more",
    "not counted: traffic between zones and to the receiver, the dead letter, the receiver itself, free tiers but GKE's",
]
