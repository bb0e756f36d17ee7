"""The heartbeat of a stack: when the arrival of an event was proved last, as a file for Prometheus, and the alert if that is too long ago.

`k8s-audit verify --textfile` writes the file, run by a timer; node exporter's textfile collector reads it. Formats:
https://prometheus.io/docs/instrumenting/exposition_formats/, https://github.com/prometheus/node_exporter#textfile-collector
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from k8s_audit.delivery.alert import CRITICAL, Alert
from k8s_audit.delivery.proof import Proof
from k8s_audit.errors import ConfigError
from k8s_audit.whole_file import write_whole

PROVED, LATENCY = "k8s_audit_delivery_proved_timestamp_seconds", "k8s_audit_delivery_latency_seconds"
MISSED = 3
"""So many heartbeats in a row that did not come are told."""
ENDING = ".prom"
"""What node exporter looks for."""
READABLE = 0o644
"""Node exporter is another user; there is no secret in it."""


def exposition(stack: str, proofs: Sequence[Proof], now: float) -> str:
    """The proofs of a stack as Prometheus reads them.

    Args:
        stack: its name.
        proofs: all of them, made now.
        now: seconds since the epoch.
    """
    return "".join(
        [
            f"# HELP {PROVED} When the arrival of an audit event was proved last.\n# TYPE {PROVED} gauge\n",
            *(f"{PROVED}{_labels(stack, proof)} {now:.3f}\n" for proof in proofs),
            f"# HELP {LATENCY} How long that event took to the receiver.\n# TYPE {LATENCY} gauge\n",
            *(f"{LATENCY}{_labels(stack, proof)} {proof.latency_seconds}\n" for proof in proofs),
        ]
    )


def write_textfile(path: Path, text: str) -> None:
    """Write it in one step, so that no half of it is read.

    Raises:
        ConfigError: it cannot be written, or would not be read there.
    """
    if path.suffix != ENDING:
        raise ConfigError(
            [f"--textfile: given: {path.name}; allowed: a name that ends in {ENDING}, which the collector reads"]
        )
    try:
        write_whole(path, text, READABLE)
    except OSError as error:
        raise ConfigError([f"--textfile: {path} cannot be written: {error.strerror}"]) from None


def heartbeat_alerts(stack: str, every: float) -> Iterator[Alert]:
    """The rule of a stack.

    Args:
        stack: its name.
        every: seconds between two heartbeats.
    """
    series = f'{PROVED}{{stack="{_escaped(stack)}"}}'
    late = round(every * MISSED)
    yield Alert(
        "K8sAuditHeartbeatMissed",
        f"time() - {series} > {late} or absent({series})",
        "0m",
        CRITICAL,
        f"The arrival of an audit event was not proved for {late} s.",
        f"`k8s-audit verify --stack {stack}` tells where its way ends; then the timer that runs it",
    )


def _labels(stack: str, proof: Proof) -> str:
    labels = {"stack": stack, "api_server": proof.api_server, "receiver": proof.receiver}
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
