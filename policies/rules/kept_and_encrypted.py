"""Log groups, streams, queues, topics and hubs keep what they take, for a known time, and encrypt it."""

from collections.abc import Callable

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, at

LEAST_HOURS = 24
"""How long a forwarder may be down over a night without a loss."""


def _judge(resource: Resource) -> Verdict:
    for prefix, judge in JUDGES.items():
        if resource.type.startswith(prefix):
            yield from judge(resource)


def _retention(key: str) -> Callable[[Resource], Verdict]:
    """Days that a log group keeps; none or 0 is for ever."""

    def judge(resource: Resource) -> Verdict:
        days = resource.properties.get(key)
        if days is UNKNOWN:
            yield Open(key)
        elif not days:
            yield Fault(key, "events are kept for ever, and paid for as long")

    return judge


def _kinesis(resource: Resource) -> Verdict:
    kind, hours = resource.properties.get("encryptionType"), resource.properties.get("retentionPeriod", LEAST_HOURS)
    if kind is UNKNOWN or hours is UNKNOWN:
        yield Open("encryptionType" if kind is UNKNOWN else "retentionPeriod")
        return
    if kind != "KMS":
        yield Fault("encryptionType", f"{kind or 'NONE'}: events lie there unencrypted")
    if hours < LEAST_HOURS:
        yield Fault("retentionPeriod", f"{hours:g} hours; at least {LEAST_HOURS} are needed")


def _sqs(resource: Resource) -> Verdict:
    managed, key = resource.properties.get("sqsManagedSseEnabled"), resource.properties.get("kmsMasterKeyId")
    if UNKNOWN in (managed, key):
        yield Open("kmsMasterKeyId")
    elif managed is False and not key:
        yield Fault("sqsManagedSseEnabled", "false without a key: dead letters lie there unencrypted")


def _subscription(resource: Resource) -> Verdict:
    expiry, kept = (
        at(resource.properties, "expirationPolicy", "ttl"),
        resource.properties.get("messageRetentionDuration"),
    )
    if expiry is UNKNOWN or kept is UNKNOWN:
        yield Open("expirationPolicy")
        return
    if expiry != "":
        yield Fault("expirationPolicy.ttl", "is not empty: after so long without a reader the subscription is deleted")
    if isinstance(kept, str) and float(kept.removesuffix("s") or 0) < LEAST_HOURS * 3600:
        yield Fault("messageRetentionDuration", f"{kept}; at least {LEAST_HOURS * 3600}s are needed")


def _event_hub(resource: Resource) -> Verdict:
    days = resource.properties.get("messageRetentionInDays")
    if days is UNKNOWN:
        yield Open("messageRetentionInDays")
    elif days is not None and days < 1:
        yield Fault("messageRetentionInDays", f"{days:g}; at least 1 is needed")


def _namespace(resource: Resource) -> Verdict:
    version = resource.properties.get("minimumTlsVersion")
    if version is UNKNOWN:
        yield Open("minimumTlsVersion")
    elif version in ("1.0", "1.1"):
        yield Fault("minimumTlsVersion", f"{version} is broken")


JUDGES: dict[str, Callable[[Resource], Verdict]] = {
    "aws:cloudwatch/logGroup:LogGroup": _retention("retentionInDays"),
    "k8s-audit:index:EksLogGroup": _retention("retentionDays"),
    "aws:kinesis/stream:Stream": _kinesis,
    "aws:sqs/queue:Queue": _sqs,
    "gcp:pubsub/subscription:Subscription": _subscription,
    "azure-native:eventhub:EventHub": _event_hub,
    "azure-native:eventhub:Namespace": _namespace,
}

RULE = Rule(
    id="kept-and-encrypted",
    title="Log groups, streams, queues, topics and hubs have a retention, and are encrypted.",
    severity="high",
    mandatory=True,
    reason="audit events tell who holds which rights; and an event that nobody read in time is lost.",
    mend="set the retention that your forwarders need, and encryption with the cloud's key or your own.",
    link="https://docs.aws.amazon.com/streams/latest/dev/server-side-encryption.html",
    judge=_judge,
)
