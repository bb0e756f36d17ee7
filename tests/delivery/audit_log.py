"""The audit log of a real kube-apiserver, and events made after those in it."""

import json
import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from k8s_audit.local_cluster import LocalCluster
from tests.audited import audited

REQUESTS = (
    "get pods -A",
    "get secrets -A",
    "get --raw /apis/apps/v1/deployments?limit=500&fieldSelector=metadata.name%3Dx",
    "create configmap x --from-literal a=<b>&c",
    "annotate configmap x number=9007199254740993",
    "delete configmap x",
    "get pod is-not-there",
    "auth can-i list secrets --as system:anonymous",
)
"""Some with what JSON writers spell differently: angle brackets, large numbers."""
ANNOTATIONS = ("k8s-audit/cluster", "k8s-audit/region")
"""What the pipeline adds."""


def real_events(cluster: LocalCluster, folder: Path) -> list[str]:
    """Audit a control plane for a while and read what it wrote; one event a line, as it wrote them."""
    with audited(cluster, folder, "full") as log:
        for request in REQUESTS:
            command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *request.split()]
            subprocess.run(command, capture_output=True, timeout=30)
    lines = log.read_text().splitlines()
    assert any("is-not-there" in line for line in lines)
    return lines


def copies(lines: Iterable[str], number: int) -> list[str]:
    """So many events with auditIDs of their own, like the given ones."""
    events = [json.loads(line) for line in lines]
    return [
        json.dumps(events[index % len(events)] | {"auditID": str(uuid.uuid4())}, separators=(",", ":"))
        for index in range(number)
    ]


def audit_ids(lines: Iterable[str]) -> list[str]:
    return [json.loads(line)["auditID"] for line in lines]


def named(event: dict[str, Any]) -> tuple[str, str]:
    """What no two events share."""
    return event["auditID"], event["stage"]


def content(line: str) -> str:
    """An event without the pipeline's annotations, whatever the escapes of its texts: the recorder writes them anew.

    The order of its keys stays, and numbers keep their digits: what went through a float looks as if it had.
    """
    event = json.loads(line, parse_int=_digits, parse_float=_digits)
    annotations = {key: value for key, value in event.get("annotations", {}).items() if key not in ANNOTATIONS}
    own = {"annotations": annotations} if annotations else {}
    return json.dumps({key: value for key, value in event.items() if key != "annotations"} | own)


def _digits(text: str) -> dict[str, str]:
    return {"a number": text}
