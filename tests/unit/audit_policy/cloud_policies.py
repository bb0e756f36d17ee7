"""What each cloud records, as far as it is published: their fixed policies, and what does not come out of their logs.

GCE's policy, cut down to what a rule of Falco can meet, which GKE and EKS take:
https://github.com/kubernetes/kubernetes/blob/v1.34.4/cluster/gce/gci/configure-helper.sh
"""

from collections.abc import Callable
from copy import deepcopy

from k8s_audit.audit_policy.evaluate import evaluate
from k8s_audit.audit_policy.model import Level, parse_policy
from tests.unit.audit_policy.falco_samples import Event, request_of

GCE = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ["/healthz*", /version, "/swagger*"]}
- {level: None, resources: [{group: "", resources: [events]}]}
FIRST
- level: Metadata
  resources:
  - {group: "", resources: [secrets, configmaps, serviceaccounts/token]}
  - {group: authentication.k8s.io, resources: [tokenreviews]}
- {level: Request, verbs: [get, list, watch], resources: [KNOWN]}
- {level: RequestResponse, resources: [KNOWN]}
- {level: Metadata}
""".replace("KNOWN", "{group: ''}, {group: apps}, {group: networking.k8s.io}, {group: rbac.authorization.k8s.io}")
AWS_AUTH = """\
- level: RequestResponse
  verbs: [update, patch, delete]
  namespaces: [kube-system]
  resources: [{group: "", resources: [configmaps], resourceNames: [aws-auth]}]
"""
"""https://docs.aws.amazon.com/eks/latest/best-practices/auditing-and-logging.html"""
ALL_METADATA = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
"""IKS from 1.30 on: https://github.com/IBM-Cloud/kube-samples/tree/master/kube-audit"""
WRITES = """\
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: RequestResponse, verbs: [create, update, patch, delete, deletecollection]}
- {level: Metadata}
"""
"""IKS's `verbose`, from the same place."""
AKS = WRITES.replace("rules:", "rules:\n- {level: Metadata, resources: [{group: '', resources: [secrets]}]}")
"""Not published; as it was seen."""
Recorded = Callable[[Event], Event | None]


def by_policy(text: str) -> Recorded:
    """What a policy leaves of an event in which all is recorded."""
    policy = parse_policy(text, "of a cloud")

    def recorded(sample: Event) -> Event | None:
        level = evaluate(policy, request_of(sample)).level
        left = deepcopy(sample)
        if level.rank < Level.REQUEST_RESPONSE.rank:
            left.pop("responseObject", None)
        if level.rank < Level.REQUEST.rank:
            left.pop("requestObject", None)
        return None if level is Level.NONE else left

    return recorded


def without_query(sample: Event | None) -> Event | None:
    """No LogEntry holds it."""
    return sample and sample | {"requestURI": sample["requestURI"].partition("?")[0]}


def without(verbs: tuple[str, ...], sample: Event | None) -> Event | None:
    return None if sample is None or sample["verb"] in verbs else sample


def bridged(sample: Event | None) -> Event | None:
    """What sysdiglabs/stackdriver-webhook-bridge makes of it (its converter/converter.go)."""
    subresource = sample["objectRef"].get("subresource", "") if sample and "objectRef" in sample else ""
    return sample if sample and "objectRef" in sample and subresource in ("", "exec", "attach") else None


READS = ("get", "list", "watch")
_gce = by_policy(GCE.replace("FIRST\n", ""))
_eks, _aks = by_policy(GCE.replace("FIRST\n", AWS_AUTH)), by_policy(AKS)
RECORDED: dict[tuple[str, str], Recorded] = {
    ("eks", "audit"): _eks,
    ("gke", "activity"): lambda sample: without(READS, without_query(_gce(sample))),
    ("gke", "data-access"): lambda sample: without_query(_gce(sample)),
    ("gke", "bridge"): lambda sample: bridged(without(READS, without_query(_gce(sample)))),
    ("aks", "kube-audit"): _aks,
    ("aks", "kube-audit-admin"): lambda sample: without(("get", "list"), _aks(sample)),
    ("iks", "default"): by_policy(ALL_METADATA),
    ("iks", "verbose"): by_policy(WRITES),
}
