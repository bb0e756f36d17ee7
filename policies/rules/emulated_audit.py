"""Advice: AdmissionReviews are not an audit log."""

from rules.rule import Fault, Resource, Rule, Verdict


def _judge(resource: Resource) -> Verdict:
    if resource.type == "k8s-audit:index:AdmissionCheck":
        yield Fault("receiver", "takes AdmissionReviews: no reads, no source address, no denied request, no auditID")


RULE = Rule(
    id="true-audit-events",
    title="Detections are fed by audit events, not by AdmissionReviews.",
    severity="low",
    mandatory=False,
    reason="rules on reads, on denied requests and on where a request came from cannot fire.",
    mend="where the platform can send audit events, use a receiver that takes them.",
    link="https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/",
    judge=_judge,
)
