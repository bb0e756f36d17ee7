"""Where the way of an event ends that did not come through a forwarder: in the cloud, before the pods, or at the receiver.

Pure, by what was seen of the pods; `diagnosis.py` says what is wrong with them.
"""

from collections.abc import Mapping
from typing import Any

from k8s_audit.delivery.forwarder.alerts import EVENTS, NOT_CONNECTED, POSTS, READ, TAKEN
from k8s_audit.delivery.forwarder.diagnosis import Look, diagnose, grown

NO_METRICS = (
    "The pods' metrics cannot be read (the kubeconfig needs the right to get pods/proxy, or the pods do not answer), so what"
    " came to them is not known."
)


def end_of_way(look: Look) -> str:
    """Where it ends, and all that is seen to be wrong, a line each.

    Args:
        look: what was seen; its `earlier` metrics were read before the event was made.
    """
    found = diagnose(look)
    return "\n".join([f"Its way ends {_end(look)}.", *found, *([] if look.metrics or not look.pods else [NO_METRICS])])


def _end(look: Look) -> str:
    counted = grown(look)
    if not any(_runs(pod) for pod in look.pods):
        return "before the forwarder, of which no pod runs"
    if counted.get(POSTS, 0) > 0 and counted.get(TAKEN, 0) <= 0:
        return "at the receiver, which takes nothing from the forwarder"
    if counted.get(NOT_CONNECTED, 0) > 0:
        return "between stream and forwarder, which cannot read it"
    if not look.metrics:
        return "somewhere between the API server and the receiver"
    if counted.get(READ, 0) <= 0:
        return "in the cloud: nothing came out of the stream meanwhile, so its export is off, late, or goes elsewhere"
    if counted.get(EVENTS, 1) <= 0:
        return "in the cloud: what came out of the stream held no audit event"
    return (
        "between the API server and the cloud's export: other events came, so the cloud's audit policy drops this one, its log is"
        " late, or the kubeconfig is another cluster's"
    )


def _runs(pod: Mapping[str, Any]) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return any(each.get("state", {}).get("running") is not None for each in statuses)
