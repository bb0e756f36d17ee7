"""The inputs of topics and subscriptions, as plain data: how long messages live, when they are tried again, when given up.

Limits and defaults: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.subscriptions
"""

from typing import Any

from k8s_audit.config.platforms.gke import PubSubConfig

ACK_SECONDS = 60
"""Until a message that nobody acknowledged is delivered again; Bento's client extends it while it works on one."""
BACKOFF = ("10s", "600s")
"""Between two deliveries: Pub/Sub's own shortest, and the longest that it allows."""
NEVER = ""
"""Of an expiration; without it Pub/Sub deletes a subscription that nobody read for 31 days."""
DAY = 86_400

Inputs = dict[str, Any]


def seconds(days: int) -> str:
    """Days as Pub/Sub spells them."""
    return f"{days * DAY}s"


def topic(config: PubSubConfig, rewindable: bool = True) -> Inputs:
    """A topic.

    Args:
        config: the stack's settings.
        rewindable: it keeps what `topicRetentionDays` says.
    """
    made: Inputs = {"kms_key_name": config.kms_key}
    if config.topic_retention_days and rewindable:
        made["message_retention_duration"] = seconds(config.topic_retention_days)
    if config.regions:
        made["message_storage_policy"] = {"allowed_persistence_regions": sorted(config.regions)}
    return made


def subscription(config: PubSubConfig, dead_letter_topic: Any) -> Inputs:
    """The one that the forwarder reads.

    Args:
        config: the stack's settings.
        dead_letter_topic: its whole path.
    """
    shortest, longest = BACKOFF
    return {
        "ack_deadline_seconds": ACK_SECONDS,
        "message_retention_duration": seconds(config.retention_days),
        "expiration_policy": {"ttl": NEVER},
        "enable_message_ordering": False,
        "retry_policy": {"minimum_backoff": shortest, "maximum_backoff": longest},
        "dead_letter_policy": {
            "dead_letter_topic": dead_letter_topic,
            "max_delivery_attempts": config.max_delivery_attempts,
        },
    }


def dead_letters(config: PubSubConfig) -> Inputs:
    """The one that keeps dead letters until somebody looks at them: what no subscription takes is lost."""
    return {
        "ack_deadline_seconds": ACK_SECONDS,
        "message_retention_duration": seconds(config.dead_letter_retention_days),
        "expiration_policy": {"ttl": NEVER},
    }
