"""What is wrong with a forwarder, a sentence each: by its pods' status, their last log lines and their metrics.

Pure: whoever calls reads them (`kubectl get pods -o json`, `kubectl logs --tail`, GET /metrics). While Bento tries a receiver again it logs
nothing, so what the receiver does is seen in the metrics alone. The log's words are Bento 1.20's own.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from k8s_audit.delivery.forwarder.alerts import (
    DEAD_LETTERS,
    EVENTS,
    LATE,
    LATENCY,
    NOT_CONNECTED,
    POSTS,
    READ,
    TAKEN,
    TRUNCATED,
)

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CODES = re.compile(r"http_request_code_(\d)xx")
SHOWN = 300
"""Characters of a log line."""
IMAGE = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
OUT_OF_MEMORY = "OOMKilled"
SAYINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(words, re.IGNORECASE), meaning)
    for words, meaning in (
        (
            r"ExpiredToken",
            "the cloud refuses its credentials: they have expired",
        ),
        (
            r"AccessDenied|PermissionDenied",
            "the cloud refuses the call: its identity lacks this right",
        ),
        (
            r"UnrecognizedClient|InvalidSignature|Unauthenticated",
            "the cloud refuses its credentials",
        ),
        (
            r"could not find default credentials|get credentials",
            "it finds no credentials: the service account has no identity in the cloud, or the node's agent is out of reach",
        ),
        (r"target table (\S+) does not exist", "the table for its positions is not there"),
        (r"ResourceNotFound|NotFound desc|code = NotFound", "the stream is not there, or in another region or account"),
        (r"(?P<lint>Config lint error)", "Bento refuses the pipeline"),
        (r"open (\S+): no such file", "a file is missing"),
        (r"open (\S+): permission denied", "it may not read a file"),
        (
            r"broker.*dial|unable to dial|Failed to connect.*dial tcp",
            "the stream cannot be reached: name, port, or way out",
        ),
        (r"Service closing due to", "Bento cannot run the pipeline"),
    )
)
"""The first that fits says it; of each meaning the last line is shown."""


@dataclass(frozen=True)
class Look:
    """What was seen of a forwarder.

    Args:
        pods: its pods as the API server has them.
        logs: the last lines by the pod's name; of one that restarts, the container's before.
        metrics: the text of /metrics by the pod's name.
        earlier: the same, some seconds before; empty: what was counted since the start is what is judged.
    """

    pods: Sequence[Mapping[str, Any]]
    logs: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    earlier: Mapping[str, str] = field(default_factory=dict)


def diagnose(look: Look) -> list[str]:
    """What is wrong, the worst first; empty: nothing is seen to be."""
    if not look.pods:
        return ["There is no pod: look at the Deployment's conditions, and at the namespace's quota and admission."]
    found = [sentence for pod in look.pods for sentence in _of_pod(pod)]
    found += [sentence for name, lines in look.logs.items() for sentence in _of_log(name, lines)]
    counted = grown(look)
    found += _of_receiver(counted)
    found += _of_stream(counted, look)
    return list(dict.fromkeys(found))


def grown(look: Look) -> dict[str, float]:
    """Each counter over all pods: what it has grown by since `earlier`."""
    found = _sums(look.metrics)
    before = _sums({name: text for name, text in look.earlier.items() if name in look.metrics})
    for metric, value in before.items():
        # less than before: the container is another one, which counts anew
        found[metric] = found.get(metric, 0) - (value if value <= found.get(metric, 0) else 0)
    return found


def _of_pod(pod: Mapping[str, Any]) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"Pod {name} finds no node: {condition.get('message', condition.get('reason', 'no reason given'))}."
    for container in status.get("containerStatuses", []):
        waiting = container.get("state", {}).get("waiting", {})
        ended = {
            **container.get("lastState", {}).get("terminated", {}),
            **container.get("state", {}).get("terminated", {}),
        }
        reason = waiting.get("reason", "")
        if reason in IMAGE:
            yield (
                f"Pod {name} cannot pull its image {container['image']}: {waiting.get('message', reason)}; look at registry,"
                " digest and pull secrets."
            )
        elif reason == "CreateContainerConfigError":
            yield f"Pod {name} lacks what it mounts or names: {waiting.get('message', reason)}."
        elif ended.get("reason") == OUT_OF_MEMORY:
            yield f"Pod {name} was killed at its memory limit {container.get('restartCount', 0)} times: raise `memory`."
        elif reason == "CrashLoopBackOff":
            code = ended.get("exitCode", "unknown")
            yield f"Pod {name} ends as soon as it starts (exit code {code}, {container.get('restartCount', 0)} restarts)."


def _of_log(pod: str, lines: str) -> Iterator[str]:
    said: dict[str, str] = {}
    for line in lines.splitlines():
        level, words = _words(line)
        if level in ("error", "warning"):
            for pattern, meaning in SAYINGS:
                if pattern.search(words):
                    said[meaning] = words
                    break
    for meaning, words in said.items():
        yield f"Pod {pod}: {meaning} ({words[:SHOWN]})."


def _words(line: str) -> tuple[str, str]:
    """Level and words of a log line; nothing of one that is not Bento's own."""
    try:
        entry = json.loads(line)
    except ValueError:
        return "", ""
    if not isinstance(entry, dict):
        return "", ""
    parts = [str(entry[key]) for key in ("msg", "lint", "err") if entry.get(key)]
    return str(entry.get("level", "")), ": ".join(part.strip() for part in parts)


def _of_receiver(grown: Mapping[str, float]) -> Iterator[str]:
    posts, taken = grown.get(POSTS, 0), grown.get(TAKEN, 0)
    answers = {found[1]: int(count) for name, count in grown.items() if (found := CODES.fullmatch(name)) and count > 0}
    bad = ", ".join(f"{digit}xx ({count})" for digit, count in sorted(answers.items()) if digit != "2")
    silent = int(posts - sum(answers.values()))
    if posts > 0 and taken <= 0:
        how = (
            f"it answers {bad}" if bad else f"{silent} requests got no answer: URL, port, certificate, or NetworkPolicy"
        )
        yield f"The receiver takes nothing; {how}."
    elif bad:
        yield f"The receiver refuses a part: {bad}, beside {int(taken)} that it took."


def _of_stream(grown: Mapping[str, float], look: Look) -> Iterator[str]:
    if grown.get(DEAD_LETTERS, 0) > 0:
        yield f"Events went to the dead letter ({int(grown[DEAD_LETTERS])}); each has its reason there."
    if grown.get(TRUNCATED, 0) > 0:
        yield f"The cloud cut events ({int(grown[TRUNCATED])}); their bodies are lost."
    if grown.get(NOT_CONNECTED, 0) > 0:
        yield f"Connections to the stream failed ({int(grown[NOT_CONNECTED])}); the log says why."
    elif look.metrics and grown.get(READ, 0) <= 0:
        yield (
            "Nothing is read from the stream: the cluster's auditing or its export is off, other pods have all shards, or"
            " (Event Hubs) the password is wrong, of which the log says nothing."
        )
    elif look.metrics and EVENTS in grown and grown[EVENTS] <= 0:
        yield f"Records were read ({int(grown[READ])}), and none held an audit event."
    now, before = _latency(look.metrics), _latency(look.earlier)
    if now > LATE:
        grows = f", and it grows (before: {before:.0f} s)" if 0 < before < now else ""
        yield f"Events stay in the forwarder for {now:.0f} s{grows}: the receiver is slow, or the pods lack CPU."


def _samples(texts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str], float]]:
    for text in texts.values():
        for name, labels, value in SAMPLE.findall(text):
            number = float(value)
            if math.isfinite(number):
                yield name, dict(LABEL.findall(labels)), number


def _sums(texts: Mapping[str, str]) -> dict[str, float]:
    """Each counter over all pods and all parts of the pipeline."""
    found: dict[str, float] = {}
    for name, labels, value in _samples(texts):
        if "quantile" not in labels:
            found[name] = found.get(name, 0) + value
    return found


def _latency(texts: Mapping[str, str]) -> float:
    """Seconds that the slowest percent takes from reading to delivery; 0: nothing was delivered lately."""
    return max(
        (v / 1e9 for name, labels, v in _samples(texts) if name == LATENCY and labels.get("quantile") == "0.99"),
        default=0,
    )
