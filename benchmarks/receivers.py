"""What a user waits for `pulumi preview` of a stack with each kind of receiver, against a program that does nothing.

No stack is deployed. The cluster is a local control plane. In place of Pulumi's Kubernetes plugin its stand-in of the tests is attached,
so what starting the real plugin takes is in no arm. Charts are folders beside the checkout, completed and read once before.
"""

import json
from contextlib import ExitStack
from typing import Any

from benchmarks.control_planes import control_planes
from benchmarks.previews import against_an_empty_program
from benchmarks.projects import stack_project
from benchmarks.rounds import Row
from tests.standins.kubernetes_plugin import attached
from tests.vendors.charts import folder

ROUNDS = 5
GOAL = 2.0
RECEIVERS: dict[str, dict[str, Any]] = {
    "recorder": {},
    "http": {"url": "https://siem.example.com/events"},
    "falco": {"chart": {"path": "falcosecurity/falco"}},
    "sysdig-agent": {},
    "sysdig-shield": {"chart": {"path": "sysdig/shield"}},
    "cluster-shield": {"chart": {"path": "sysdig/cluster-shield"}},
    "admission-controller": {"chart": {"path": "sysdig/admission-controller"}},
}
SECRETS = {
    "sysdig-shield": "sysdigAccessKey",
    "cluster-shield": "sysdigAccessKey",
    "admission-controller": "secureApiToken",
}


def run() -> list[Row]:
    """Measure all arms."""
    with ExitStack() as ends:
        (plane,) = ends.enter_context(control_planes(1))
        plugin = ends.enter_context(attached())
        arms = {
            kind: ends.enter_context(
                stack_project(
                    _stack_file(kind, str(plane.kubeconfig)), SECRETS.get(kind), PULUMI_DEBUG_PROVIDERS=plugin
                )
            )
            for kind in RECEIVERS
        }
        return against_an_empty_program("receivers", arms, ROUNDS, GOAL)


def _stack_file(kind: str, kubeconfig: str) -> str:
    settings = RECEIVERS[kind]
    if "chart" in settings:
        settings = settings | {"chart": {"path": str(folder() / settings["chart"]["path"])}}
    host = {"access": "local", "name": "cp-1", "apiServer": "https://10.0.0.11:6443"}
    config = {
        "audit:cluster": {"name": "cluster-1", "kubeconfig": kubeconfig},
        "audit:platform": {"kind": "kubeadm", "hosts": [host]},
        "audit:receivers": [{"kind": kind, "name": "receiver"} | settings],
    }
    return json.dumps({"config": config})
