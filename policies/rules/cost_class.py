"""Advice: settings whose bill surprises."""

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, elements

DAYS = 90
"""Of a log group, beyond which object storage is far cheaper."""


def _judge(resource: Resource) -> Verdict:
    kind, properties = resource.type, resource.properties
    if kind in ("k8s-audit:index:EksLogGroup", "aws:cloudwatch/logGroup:LogGroup"):
        key = "retentionDays" if "Eks" in kind else "retentionInDays"
        days = properties.get(key)
        if days is UNKNOWN:
            yield Open(key)
        elif days and days > DAYS:
            yield Fault(key, f"{days:g} days in CloudWatch Logs; after {DAYS} an export is cheaper")
    if kind == "k8s-audit:index:EksClusterLogging" and properties.get("types") is not UNKNOWN:
        more = sorted(str(one) for one in elements(properties.get("types")) if one not in ("audit", "authenticator"))
        if more:
            yield Fault("types", f"{', '.join(more)}: paid by the gigabyte, and no detection reads them")
    if kind.startswith(("azure-native:monitor:DiagnosticSetting", "azure-native:insights:DiagnosticSetting")):
        for index, log in enumerate(elements(properties.get("logs"))):
            if isinstance(log, dict) and log.get("category") == "kube-audit" and log.get("enabled"):
                yield Fault(f"logs[{index}]", "kube-audit has reads too; kube-audit-admin is less, and hides them")


RULE = Rule(
    id="cost-class",
    title="No setting makes auditing dearer than it needs to be.",
    severity="low",
    mandatory=False,
    reason="audit logs are switched off for their bill more often than for anything else.",
    mend="see whether a detection needs it.",
    link="https://aws.amazon.com/cloudwatch/pricing/",
    judge=_judge,
)
