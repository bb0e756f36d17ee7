"""Where goes what no one can take: a JSON with the reason and the record, so that a human can look and send it again.

Where there is no queue, the log has a line of it without the record.
{reason, source, cluster, region, time, record}; instead of `record`, when it is large or no text, `recordGzip` (base64), and
when even that is too large, its beginning in `recordHead` and its size in `recordBytes`.
"""

import json
from typing import Any

from k8s_audit.delivery.pipeline.event import count
from k8s_audit.delivery.pipeline.model import (
    Annotation,
    DeadLetter,
    HttpSource,
    KafkaDeadLetter,
    KafkaSource,
    KinesisSource,
    LogDeadLetter,
    PubSubDeadLetter,
    Source,
    SqsDeadLetter,
)
from k8s_audit.delivery.pipeline.source_kafka import access

PASSWORD = "DEAD_LETTER_CONNECTION_STRING"
"""The variable."""
MESSAGE = 240_000
"""Bytes of one message at most; SQS takes 262,144, the least of the three
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html)."""
PLAIN = 32_768
"""Bytes of a record that is written as text: in JSON a byte becomes six at most."""
REASON = 400
"""Characters."""
NO_METADATA = {"exclude_prefixes": [""]}
WHY = rf"""@dead_letter.or("the receiver refuses it for good: " + @fallback_error.or("").re_replace_all("^\\S+: ", "")).slice(0, {REASON})"""
LETTER = rf"""
let record = content()
let gzip = $record.compress("gzip").encode("base64")
let text = $record.string()
let is_text = !$text.re_match("\\x{{{{FFFD}}}}")
root.reason = {WHY}
root.source = {{source}}
root.cluster = {{cluster}}
root.region = {{region}}
root.time = now().ts_tz("UTC")
root.record = if $record.length() <= {PLAIN} && $is_text {{{{ $text }}}}
root.recordGzip = if ($record.length() > {PLAIN} || !$is_text) && $gzip.length() <= {MESSAGE} - 4096 {{{{ $gzip }}}}
root.recordHead = if $record.length() > {PLAIN} && $gzip.length() > {MESSAGE} - 4096 {{{{ $record.slice(0, {PLAIN}).encode("base64") }}}}
root.recordBytes = if $record.length() > {PLAIN} {{{{ $record.length() }}}}
""".strip()


LINE = rf"""
meta letter_id = this.auditID.string().re_find_all("^[-A-Za-z0-9]{{1,64}}$").index(0).catch("")
meta letter_reason = {WHY}
""".strip()
SAID = "dead letter auditID=${! @letter_id } bytes=${! content().length() }: ${! @letter_reason }"


def dead_letter_output(letter: DeadLetter, source: Source, annotation: Annotation) -> dict[str, Any]:
    """An output for what is dead: counted, and tried until the queue has it."""
    if isinstance(letter, LogDeadLetter):
        line = [{"mapping": LINE}, {"log": {"level": "WARN", "message": SAID}}]
        return {"drop": {}, "processors": [count("dead_letters"), *line]}
    text = LETTER.format(
        source=json.dumps(named(source)),
        cluster=json.dumps(annotation.cluster) if annotation.cluster else "@cluster",
        region=json.dumps(annotation.region) if annotation.region else "@region",
    )
    return {
        "retry": {"max_retries": 0, "backoff": {"max_elapsed_time": "0s"}, "output": queue(letter)},
        "processors": [count("dead_letters"), {"mapping": text}, {"split": {"size": 1}}],
    }


def queue(letter: SqsDeadLetter | PubSubDeadLetter | KafkaDeadLetter) -> dict[str, Any]:
    """The queue itself."""
    if isinstance(letter, SqsDeadLetter):
        return {"aws_sqs": {"url": letter.queue_url, "region": letter.region, "metadata": NO_METADATA}}
    if isinstance(letter, PubSubDeadLetter):
        return {"gcp_pubsub": {"project": letter.project, "topic": letter.topic, "metadata": NO_METADATA}}
    return {
        "kafka_franz": {
            "seed_brokers": list(letter.brokers),
            "topic": letter.topic,
            "idempotent_write": False,
            "compression": "none",
            **access(letter.authority, PASSWORD),
        }
    }


def named(source: Source) -> str:
    """A source in words."""
    if isinstance(source, KinesisSource):
        return f"kinesis {source.stream}"
    if isinstance(source, KafkaSource):
        return f"kafka {source.topic}"
    if isinstance(source, HttpSource):
        return f"http {source.path}"
    return f"pubsub {source.subscription}"
