"""What the tests of Sysdig's charts share: configurations, and looks at what was rendered."""

import datetime
from typing import Any

from k8s_audit.config.judge import judge
from k8s_audit.config.registry import RECEIVERS
from k8s_audit.receivers.certificates import Authority
from tests.vendors.charts import RELEASE, Object

CA = Authority("a CA", datetime.timedelta(days=1)).certificate.decode()
CLUSTER, KEY, TOKEN, TLS = "prod-1", "an-access-key", "a-token", "a-certificate"
"""The cluster's name; the names of Secrets."""
ON_PREMISES = {"apiEndpoint": "secure.example.com", "collector": {"host": "collector.example.com", "port": 6443}}
WORKLOAD = {
    "registry": "registry.example.com/mirror",
    "pullSecrets": ["mirror"],
    "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
    "nodeSelector": {"pool": "security"},
    "priorityClass": "audit",
}
DIGEST = {"digest": "sha256:" + "a" * 64}
RULES = [{"apiGroups": ["*"], "resources": ["pods/*"], "operations": ["CREATE", "CONNECT"], "scope": "Namespaced"}]


def config(kind: str, **settings: Any) -> Any:
    """A judged entry of `audit:receivers`, named as the harness names the release."""
    model = RECEIVERS[kind]
    assert model
    return judge(model, "audit:receivers[0]", {"kind": kind, "name": RELEASE, **settings})


def only(objects: list[Object], kind: str, name: str) -> Object:
    """The one object of this kind and name."""
    found = [o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name]
    assert len(found) == 1, [(o["kind"], o["metadata"]["name"]) for o in objects]
    return found[0]


def pod(workload: Object) -> Object:
    """The specification of a workload's pods."""
    found: Object = workload["spec"]["template"]["spec"]
    return found


def labels(workload: Object) -> dict[str, str]:
    """The labels of a workload's pods."""
    found: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return found


def placed(specification: Object) -> dict[str, Any]:
    """Where pods run and what they are pulled with, as WORKLOAD sets it."""
    return {
        "images": {one["image"].rsplit("/", 2)[0] for one in specification["containers"]},
        "pullSecrets": [one["name"] for one in specification["imagePullSecrets"]],
        "nodeSelector": specification["nodeSelector"],
        "priorityClass": specification["priorityClassName"],
        "tolerated": WORKLOAD["tolerations"][0] in specification["tolerations"],  # type: ignore[index]
    }


EXPECTED = {
    "images": {WORKLOAD["registry"]},
    "pullSecrets": WORKLOAD["pullSecrets"],
    "nodeSelector": WORKLOAD["nodeSelector"],
    "priorityClass": WORKLOAD["priorityClass"],
    "tolerated": True,
}
"""What `placed` says of pods that WORKLOAD was given to."""
