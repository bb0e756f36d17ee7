"""Advice: what events go through has more than one pod."""

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at


def _judge(resource: Resource) -> Verdict:
    if resource.type not in ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"):
        return
    replicas = at(resource.properties, "spec", "replicas")
    if replicas is UNKNOWN:
        yield Open("spec.replicas")
    elif replicas == 1:
        yield Fault("spec.replicas", "1: while its node is drained, events wait or requests are not judged")


RULE = Rule(
    id="more-than-one-replica",
    title="Forwarders and receivers have more than one pod.",
    severity="medium",
    mandatory=False,
    reason="nodes are drained; an admission webhook or a receiver with one pod is then away.",
    mend="set two replicas or an autoscaler.",
    link="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    judge=_judge,
)
