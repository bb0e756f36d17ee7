"""A forwarder's pods, read through the API server: their status, log and metrics. Nothing is changed.

Rights: list `pods`, get `pods/log`; get `pods/proxy` for the metrics, without which less can be said.
https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.forwarder.diagnosis import Look
from k8s_audit.delivery.forwarder.objects import CONTAINER, selector
from k8s_audit.errors import DeliveryError
from k8s_audit.kubernetes_api import FORBIDDEN, answer_to, unanswered

TAIL = 200
"""Lines of a log that are looked at."""
STAMP = re.compile(r"^\S+ ", re.MULTILINE)


@dataclass(frozen=True)
class ForwarderPods:
    """The pods of one forwarder.

    Args:
        server: the API server of its cluster.
        namespace: of its pods.
        name: the forwarder's.
    """

    server: ApiServer
    namespace: str
    name: str

    def list(self) -> list[dict[str, Any]]:
        """The pods as the API server has them.

        Raises:
            DeliveryError: it does not answer, or they may not be listed.
        """
        labels = ",".join(f"{key}={value}" for key, value in selector(self.name).items())
        text = self._read(f"/api/v1/namespaces/{self.namespace}/pods", "list pods", labelSelector=labels)
        found: list[dict[str, Any]] = json.loads(text or "{}").get("items", [])
        return found

    def log(self, pod: str, **query: str) -> str:
        """Lines of a pod's log; empty where there is none yet.

        Args:
            pod: its name.
            query: such as `sinceSeconds`, `tailLines`, `previous`, `timestamps`.

        Raises:
            DeliveryError: it may not be read.
        """
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log"
        return self._read(path, "get pods/log", container=CONTAINER, **query)

    def metrics(self) -> dict[str, str]:
        """The text of /metrics by the pod's name; of none that may not be read, or does not answer."""
        found = {}
        for pod in self.list():
            name = pod["metadata"]["name"]
            # without a port it is the first one that the container declares: the metrics'
            path = f"/api/v1/namespaces/{self.namespace}/pods/{name}/proxy/metrics"
            try:
                text = self._read(path, "get pods/proxy")
            except DeliveryError:
                continue
            if text:
                found[name] = text
        return found

    def look(self, earlier: dict[str, str] | None = None) -> Look:
        """What can be seen of it now.

        Args:
            earlier: its metrics some time before.

        Raises:
            DeliveryError: its pods may not be listed, or their logs not be read.
        """
        pods = self.list()
        logs = {pod["metadata"]["name"]: self._last_lines(pod) for pod in pods}
        return Look(pods, logs, self.metrics(), earlier or {})

    def _last_lines(self, pod: dict[str, Any]) -> str:
        name = pod["metadata"]["name"]
        lines = self.log(name, tailLines=str(TAIL))
        restarts = sum(each.get("restartCount", 0) for each in pod.get("status", {}).get("containerStatuses", []))
        before = self.log(name, tailLines=str(TAIL), previous="true") if restarts else ""
        return before + lines

    def _read(self, path: str, right: str, **query: str) -> str:
        """The answer's text; empty where there is nothing to read."""
        try:
            answer = answer_to(self.server.client, "GET", path, query=query)
        except Exception as error:  # whatever urllib3 raises
            raise DeliveryError(f"{self.server.url} {unanswered(error)}") from None
        if answer.status == FORBIDDEN:
            verb, _, resource = right.partition(" ")
            look = f"kubectl --kubeconfig {self.server.kubeconfig} --namespace {self.namespace} auth can-i {verb} {resource}"
            raise DeliveryError(
                f"{self.server.url}: the kubeconfig needs the right to {right} in namespace {self.namespace}: by the"
                f" forwarder's log it is told what arrived.\nLook closer: {look}"
            )
        return answer.text if 200 <= answer.status < 300 else ""
