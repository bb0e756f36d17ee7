"""The proof of delivery through a cloud's stream: a forwarder tells in its log that the receiver took a marked event.

Its pipeline writes one line for each event whose object has a marked name, once the receiver has answered 2xx to the batch with it. By the
name, since a cloud may give the event another id. A cloud sends nothing of the first moments of its export, so the request is made again.
"""

import re
import time
from datetime import datetime
from threading import Event

from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.forwarder.end_of_way import end_of_way
from k8s_audit.delivery.forwarder.pods import ForwarderPods
from k8s_audit.delivery.proof import NAME, Proof, marked_name
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import FORWARDED

POLL = 1.0
"""Seconds; each look reads the log of each pod."""
AGAIN = 20.0
"""Seconds between two marked requests."""
SLACK = 60
"""Seconds by which a node's clock may be off."""
LINE = re.compile(rf"^(?P<at>\S+) .*\bforwarded auditID=\S+ name=(?P<name>{NAME}-[0-9a-f]+)", re.MULTILINE)
FRACTION = re.compile(r"\.(\d{1,6})\d*")


def prove_forwarded(kubeconfig: str, receiver: str, forwarder: str, timeout: float, stop: Event | None = None) -> Proof:
    """Make marked requests until a forwarder says that the receiver took the event of one.

    Args:
        kubeconfig: path of one that may create ConfigMaps in `default` and read the pods of the forwarder and their logs.
        receiver: the receiver's name.
        forwarder: the namespace of its pods, a slash, its name.
        timeout: seconds until an event must have come.
        stop: ends the wait.

    Raises:
        DeliveryError: none came; the text says where its way ends and what to look at.
    """
    stop = stop or Event()
    namespace, _, name = forwarder.partition("/")
    with ApiServer(None, kubeconfig) as server:
        pods = ForwarderPods(server, namespace, name)
        earlier = pods.metrics()
        made: dict[str, tuple[str, float]] = {}
        began = again = time.monotonic()
        while True:
            if time.monotonic() >= again:
                marked, asked = marked_name(), time.time()
                made[marked] = server.dry_run_config_map(marked), asked
                again += AGAIN
            found = _seen(pods, made, time.monotonic() - began)
            if found:
                marked, at = found
                audit_id, asked = made[marked]
                latency = round(min(max(at, asked), time.time()) - asked, 3)
                return Proof(server.url, receiver, FORWARDED, audit_id, latency)
            if stop.wait(POLL):
                raise DeliveryError(f"{server.url}: stopped while waiting for event {list(made.values())[-1][0]}")
            if time.monotonic() - began > timeout:
                raise DeliveryError(_not_come(pods, receiver, len(made), timeout, earlier))


def _seen(pods: ForwarderPods, made: dict[str, tuple[str, float]], elapsed: float) -> tuple[str, float] | None:
    """The first of the marked names that a log tells of, and when."""
    for pod in pods.list():
        lines = pods.log(pod["metadata"]["name"], sinceSeconds=str(int(elapsed) + SLACK), timestamps="true")
        for line in LINE.finditer(lines):
            if line["name"] in made:
                return line["name"], _time(line["at"])
    return None


def _time(stamp: str) -> float:
    """Of a kubelet's RFC 3339 stamp, whose fractions have nine digits."""
    try:
        return datetime.fromisoformat(FRACTION.sub(r".\1", stamp)).timestamp()
    except ValueError:
        return time.time()


def _not_come(pods: ForwarderPods, receiver: str, made: int, timeout: float, earlier: dict[str, str]) -> str:
    server = pods.server
    kubectl = f"kubectl --kubeconfig {server.kubeconfig} --namespace {pods.namespace}"
    labels = f"app.kubernetes.io/instance={pods.name}"
    why = end_of_way(pods.look(earlier))
    return (
        f"{server.url}: no event of {made} marked requests came to receiver {receiver} through forwarder"
        f" {pods.namespace}/{pods.name} within {timeout:g} s.\n{why}\n"
        f"Look closer: {kubectl} logs --selector {labels} --tail 50; {kubectl} get pods --selector {labels}"
    )
