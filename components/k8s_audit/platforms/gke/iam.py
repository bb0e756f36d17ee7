"""Giving roles, each on one thing: the resources of `rights.py`'s lists.

Members, never bindings or policies: those would take away what others gave
(https://www.pulumi.com/registry/packages/gcp/api-docs/pubsub/topiciammember/).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi

from k8s_audit.platforms.gke.rights import Grant
from k8s_audit.platforms.gke.sdk import sdk


@dataclass(frozen=True)
class Things:
    """On what roles may be given; what is None is not there.

    Args:
        topic: the whole path of the one of the events.
        subscription: the resource, of the events.
        dead_letter_topic: its whole path.
        key: the whole path of a key.
        account: the whole name of a service account.
        project: ID of a whole project, for what knows nothing smaller.
    """

    topic: pulumi.Input[str] | None = None
    subscription: Any = None
    dead_letter_topic: pulumi.Input[str] | None = None
    key: str | None = None
    account: pulumi.Input[str] | None = None
    project: str | None = None


def give(
    name: str, grants: Sequence[Grant], things: Things, member: pulumi.Input[str], options: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """Give a member the roles that are meant for these things.

    Args:
        name: how the resources' names begin.
        grants: the roles.
        things: on what.
        member: as IAM spells one, such as `serviceAccount:…`.
        options: Pulumi's.
    """
    ways: dict[str, Callable[..., Any]] = {}
    if things.topic is not None:
        ways["topic"] = partial(_on_topic, things.topic)
    if things.subscription is not None:
        ways["subscription"] = partial(_on_subscription, things.subscription)
    if things.dead_letter_topic is not None:
        ways["dead-letter topic"] = partial(_on_topic, things.dead_letter_topic)
    if things.key is not None:
        ways["key"] = partial(_on_key, things.key)
    if things.account is not None:
        ways["service account"] = partial(_on_account, things.account)
    if things.project is not None:
        ways["project"] = partial(_on_project, things.project)
    return [
        ways[grant.on](f"{name}-{grant.role.rpartition('.')[2].lower()}", role=grant.role, member=member, opts=options)
        for grant in grants
        if grant.on in ways
    ]


def _on_topic(path: pulumi.Input[str], name: str, **given: Any) -> Any:
    return sdk("pubsub").TopicIAMMember(name, topic=path, **given)


def _on_subscription(made: Any, name: str, **given: Any) -> Any:
    return sdk("pubsub").SubscriptionIAMMember(name, project=made.project, subscription=made.name, **given)


def _on_key(path: str, name: str, **given: Any) -> Any:
    return sdk("kms").CryptoKeyIAMMember(name, crypto_key_id=path, **given)


def _on_account(full_name: pulumi.Input[str], name: str, **given: Any) -> Any:
    return sdk("serviceaccount").IAMMember(name, service_account_id=full_name, **given)


def _on_project(id: str, name: str, **given: Any) -> Any:
    return sdk("projects").IAMMember(name, project=id, **given)
