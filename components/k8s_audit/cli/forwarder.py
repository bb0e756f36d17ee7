"""What the pods of a stack's forwarder tell, for `doctor`: their status, log and metrics since they started."""

from collections.abc import Iterator, Mapping
from typing import Any

from k8s_audit.cli.findings import Finding
from k8s_audit.config import places
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.stack import Stack
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.forwarder.diagnosis import diagnose
from k8s_audit.delivery.forwarder.end_of_way import NO_METRICS
from k8s_audit.delivery.forwarder.pods import ForwarderPods


def forwarder_findings(stack: Stack, kubeconfig: str) -> Iterator[Finding]:
    """What is seen of it.

    Args:
        stack: its configuration, with events that leave by a stream.
        kubeconfig: path of one that may read the pods and their logs.

    Raises:
        DeliveryError: the cluster does not answer, or the pods may not be read.
    """
    if not isinstance(stack.forwarder, BentoForwarder):
        yield Finding(f"audit:forwarder is {stack.forwarder.kind}: there is nothing of ours in the cluster to look at")
        return
    if not stack.takes_events:
        yield Finding("no forwarder: the receivers take AdmissionReviews alone; `k8s-audit verify` tries them")
        return
    namespace, _, name = places.forwarder(stack).partition("/")
    with ApiServer(None, kubeconfig) as server:
        look = ForwarderPods(server, namespace, name).look()
    wrong = diagnose(look)
    said = [*(wrong or ["nothing is seen to be wrong"]), *([NO_METRICS] if look.pods and not look.metrics else [])]
    ready = sum(map(_is_ready, look.pods))
    yield Finding(
        f"forwarder {namespace}/{name}: {len(look.pods)} pods, {ready} of them ready", said, wrong=bool(wrong)
    )


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
