"""The audit log of a real kube-apiserver, and events made after those in it."""

import json
import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path
from threading import Event
from typing import Any

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.endpoint import ReceiverEndpoint

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


def real_events(cluster: LocalCluster, folder: Path) -> list[str]:
    """Audit a control plane for a while and read what it wrote; one event a line, as it wrote them."""
    log, own = folder / "audit.log", cluster.folder
    place = Place(str(cluster.manifests), cluster.api_server, f"{own}/etc/way", f"{own}/var/way", 60)
    nobody = ReceiverEndpoint("nobody", "http://127.0.0.1:9/")
    flags = AuditFlags(log=LogBackend(path=str(log))).arguments(place.policy, place.webhook)
    host = LocalHost("cp-1", f"{own}/logs/kube-apiserver.log")
    change = StaticPodChange(host, place, Event())
    change.apply(AuditSetup(render_policy(load_profile("full")), render_webhook(nobody), flags))
    try:
        for request in REQUESTS:
            command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *request.split()]
            subprocess.run(command, capture_output=True, timeout=30)
    finally:
        StaticPodChange(host, place, Event()).restore()
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
