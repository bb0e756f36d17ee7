"""Resources of Pulumi's Google Cloud plugin: those alone that the product has, with the properties that it sets.

A property that is not served is refused by name. Ids are those of the real provider. pstest keeps a subscription's messages for 7 days at
most, Google for 31: what is longer is 7 days there, and remembered here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any

import httpx
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from tests.standins.cloud_plugin import GoneError, Kind, RefusedError, Values
from tests.standins.gcp_cloud import REGIONS
from tests.standins.pubsub import NotFound, PubSub
from tests.standins.pubsub import Subscription as SubscriptionMessage
from tests.standins.pubsub import Topic as TopicMessage

ONE_BY_ONE = Lock()
"""The provider changes one policy at a time, too."""
LONGEST = 7 * 86_400
"""Seconds for which pstest keeps a message."""


@dataclass
class Account:
    """What one provider of a stack is configured with.

    Args:
        project: where what does not say otherwise lies.
        http: a client of Google Cloud's REST APIs.
        pubsub: a client of Pub/Sub.
        retentions: of subscriptions, where they are longer than pstest knows.
    """

    project: str
    http: httpx.Client
    pubsub: PubSub
    retentions: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/v1/{path}", json=body)
        if answer.status_code == 404:
            raise GoneError(answer.json()["error"]["message"])
        if answer.is_error:
            told = answer.json()["error"]
            raise RefusedError(f"googleapi: Error {told['code']}: {told['message']}")
        return answer.json()


@contextmanager
def gone() -> Iterator[None]:
    try:
        yield
    except NotFound:
        raise GoneError from None


def seconds(text: str) -> Duration:
    return Duration(seconds=int(text.removesuffix("s")))


def spelled(duration: timedelta | None) -> str:
    return f"{int(duration.total_seconds())}s" if duration else ""


class Topic(Kind):
    """A topic's key cannot be changed, as at Google."""

    served = frozenset("name project labels kmsKeyName messageRetentionDuration messageStoragePolicy".split())
    replaces = frozenset({"name", "project", "kmsKeyName"})

    def create(self, news: Values) -> str:
        id = f"projects/{news['project']}/topics/{news['name']}"
        self.account.pubsub.publisher.create_topic(request=self._message(id, news))
        return id

    def read(self, id: str, given: Values) -> Values:
        with gone():
            told = self.account.pubsub.publisher.get_topic(topic=id)
        found = given | {"id": id, "labels": dict(told.labels), "project": id.split("/")[1], "name": id.split("/")[3]}
        if "messageRetentionDuration" in given:
            found["messageRetentionDuration"] = spelled(told.message_retention_duration)
        return found

    def update(self, id: str, olds: Values, news: Values) -> None:
        paths = ["labels", "message_retention_duration", "message_storage_policy"]
        self.account.pubsub.publisher.update_topic(topic=self._message(id, news), update_mask=FieldMask(paths=paths))

    def delete(self, id: str, olds: Values) -> None:
        self.account.pubsub.publisher.delete_topic(topic=id)

    def _message(self, id: str, news: Values) -> TopicMessage:
        policy = news.get("messageStoragePolicy")
        regions = policy["allowedPersistenceRegions"] if policy else []
        if unknown := set(regions) - set(REGIONS):
            raise RefusedError(f"googleapi: Error 400: Cloud Pub/Sub is not available in {', '.join(sorted(unknown))}")
        return TopicMessage(
            name=id,
            labels=news.get("labels", {}),
            kms_key_name=news.get("kmsKeyName"),
            message_retention_duration=seconds(news["messageRetentionDuration"])
            if news.get("messageRetentionDuration")
            else None,
            message_storage_policy={"allowed_persistence_regions": regions} if regions else None,
        )


class Subscription(Kind):
    served = frozenset(
        "name project topic labels ackDeadlineSeconds messageRetentionDuration expirationPolicy enableMessageOrdering"
        " retryPolicy deadLetterPolicy".split()
    )
    replaces = frozenset({"name", "project", "topic", "enableMessageOrdering"})
    changeable = "labels ack_deadline_seconds message_retention_duration expiration_policy retry_policy dead_letter_policy".split()

    def create(self, news: Values) -> str:
        id = f"projects/{news['project']}/subscriptions/{news['name']}"
        self.account.pubsub.subscriber.create_subscription(request=self._message(id, news))
        return id

    def read(self, id: str, given: Values) -> Values:
        with gone():
            told = self.account.pubsub.subscriber.get_subscription(subscription=id)
        live = {
            "id": id,
            "name": id.split("/")[3],
            "project": id.split("/")[1],
            "topic": told.topic,
            "labels": dict(told.labels),
            "ackDeadlineSeconds": told.ack_deadline_seconds,
            "messageRetentionDuration": self.account.retentions.get(id) or spelled(told.message_retention_duration),
        }
        if "deadLetterPolicy" in given:
            live["deadLetterPolicy"] = {
                "deadLetterTopic": told.dead_letter_policy.dead_letter_topic,
                "maxDeliveryAttempts": told.dead_letter_policy.max_delivery_attempts,
            }
        return given | live

    def update(self, id: str, olds: Values, news: Values) -> None:
        paths = FieldMask(paths=self.changeable)
        self.account.pubsub.subscriber.update_subscription(subscription=self._message(id, news), update_mask=paths)

    def delete(self, id: str, olds: Values) -> None:
        self.account.pubsub.subscriber.delete_subscription(subscription=id)

    def _message(self, id: str, news: Values) -> SubscriptionMessage:
        retry, dead = news.get("retryPolicy"), news.get("deadLetterPolicy")
        retention = seconds(news["messageRetentionDuration"])
        self.account.retentions.pop(id, None)
        if retention.seconds > LONGEST:
            self.account.retentions[id], retention = news["messageRetentionDuration"], Duration(seconds=LONGEST)
        return SubscriptionMessage(
            name=id,
            topic=news["topic"],
            labels=news.get("labels", {}),
            ack_deadline_seconds=news["ackDeadlineSeconds"],
            message_retention_duration=retention,
            expiration_policy={} if news["expirationPolicy"]["ttl"] == "" else None,
            enable_message_ordering=news.get("enableMessageOrdering", False),
            retry_policy={
                "minimum_backoff": seconds(retry["minimumBackoff"]),
                "maximum_backoff": seconds(retry["maximumBackoff"]),
            }
            if retry
            else None,
            dead_letter_policy={
                "dead_letter_topic": dead["deadLetterTopic"],
                "max_delivery_attempts": dead["maxDeliveryAttempts"],
            }
            if dead
            else None,
        )


class Member(Kind):
    """A role for a member on one thing; others' roles stay."""

    on = ""
    """The input that says on what."""

    def __init_subclass__(cls) -> None:
        cls.served = frozenset({cls.on, "project", "role", "member"})
        cls.replaces = cls.served

    def where(self, given: Values) -> str:
        path: str = given[self.on]
        return path

    def create(self, news: Values) -> str:
        where = self.where(news)
        self._change(where, news, there=True)
        return f"{where}/{news['role']}/{news['member']}"

    def read(self, id: str, given: Values) -> Values:
        policy = self.account.ask("POST", f"{self.where(given)}:getIamPolicy")
        for binding in policy.get("bindings", []):
            if binding["role"] == given["role"] and given["member"] in binding["members"]:
                return given | {"etag": policy["etag"]}
        raise GoneError

    def delete(self, id: str, olds: Values) -> None:
        self._change(self.where(olds), olds, there=False)

    def _change(self, where: str, given: Values, there: bool) -> None:
        with ONE_BY_ONE:
            self._write(where, given, there)

    def _write(self, where: str, given: Values, there: bool) -> None:
        policy = self.account.ask("POST", f"{where}:getIamPolicy")
        members = {binding["role"]: set(binding["members"]) for binding in policy.get("bindings", [])}
        its = members.setdefault(given["role"], set())
        its.add(given["member"]) if there else its.discard(given["member"])
        bindings = [{"role": role, "members": sorted(those)} for role, those in members.items() if those]
        self.account.ask("POST", f"{where}:setIamPolicy", {"policy": {"bindings": bindings, "etag": policy["etag"]}})


class TopicIAMMember(Member):
    on = "topic"

    def create(self, news: Values) -> str:
        with gone():
            self.account.pubsub.publisher.get_topic(topic=self.where(news))
        return super().create(news)


class SubscriptionIAMMember(Member):
    on = "subscription"

    def where(self, given: Values) -> str:
        return f"projects/{given.get('project') or self.account.project}/subscriptions/{given['subscription']}"


class CryptoKeyIAMMember(Member):
    on = "cryptoKeyId"


class ServiceAccountIAMMember(Member):
    on = "serviceAccountId"


class ProjectIAMMember(Member):
    on = "project"

    def where(self, given: Values) -> str:
        return f"projects/{given['project']}"


class ProjectSink(Kind):
    served = frozenset("name project description destination filter exclusions uniqueWriterIdentity".split())
    replaces = frozenset({"name", "project", "uniqueWriterIdentity"})

    def create(self, news: Values) -> str:
        self.account.ask("POST", f"projects/{news['project']}/sinks", self._body(news))
        return f"projects/{news['project']}/sinks/{news['name']}"

    def read(self, id: str, given: Values) -> Values:
        told: Values = self.account.ask("GET", id)
        return given | told

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.account.ask("PATCH", id, self._body(news))

    def delete(self, id: str, olds: Values) -> None:
        self.account.ask("DELETE", id)

    def _body(self, news: Values) -> Values:
        return {key: news[key] for key in ("name", "description", "destination", "filter", "exclusions") if key in news}


class Firewall(Kind):
    served = frozenset("name project network description direction sourceRanges targetTags allows".split())
    replaces = frozenset({"name", "project", "network", "direction"})

    def create(self, news: Values) -> str:
        self.account.ask("POST", f"projects/{news['project']}/global/firewalls", self._body(news))
        return f"projects/{news['project']}/global/firewalls/{news['name']}"

    def read(self, id: str, given: Values) -> Values:
        told = self.account.ask("GET", id)
        allows = [{"protocol": one["IPProtocol"], "ports": one["ports"]} for one in told["allowed"]]
        return given | {"sourceRanges": told["sourceRanges"], "targetTags": told["targetTags"], "allows": allows}

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.account.ask("PATCH", id, self._body(news))

    def delete(self, id: str, olds: Values) -> None:
        self.account.ask("DELETE", id)

    def _body(self, news: Values) -> Values:
        same = {key: news[key] for key in ("name", "network", "description", "direction", "sourceRanges", "targetTags")}
        return same | {"allowed": [{"IPProtocol": one["protocol"], "ports": one["ports"]} for one in news["allows"]]}


class ServiceAccount(Kind):
    served = frozenset("accountId project displayName".split())
    replaces = frozenset({"accountId", "project"})

    def create(self, news: Values) -> str:
        body = {"accountId": news["accountId"], "serviceAccount": {"displayName": news.get("displayName", "")}}
        name: str = self.account.ask("POST", f"projects/{news['project']}/serviceAccounts", body)["name"]
        return name

    def read(self, id: str, given: Values) -> Values:
        told: Values = self.account.ask("GET", id)
        return given | told

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.account.ask("PATCH", id, {"displayName": news.get("displayName", "")})

    def delete(self, id: str, olds: Values) -> None:
        self.account.ask("DELETE", id)


class Key(Kind):
    """Its private part is handed out once: afterwards it is as the state has it."""

    served = frozenset({"serviceAccountId"})
    replaces = frozenset({"serviceAccountId"})

    def create(self, news: Values) -> str:
        made = self.account.ask("POST", f"{news['serviceAccountId']}/keys")
        id: str = made["name"]
        return id

    def read(self, id: str, given: Values) -> Values:
        told = self.account.ask("GET", id)
        return given | {"name": id, "privateKey": told["privateKeyData"]}

    def delete(self, id: str, olds: Values) -> None:
        self.account.ask("DELETE", id)


def get_cluster(account: Account, args: Values) -> Values:
    """The invoke `gcp:container/getCluster:getCluster`: what the API tells, in the provider's lists."""
    id = f"projects/{args['project']}/locations/{args['location']}/clusters/{args['name']}"
    try:
        told = account.ask("GET", id)
    except GoneError:
        raise RefusedError(f"{id} not found") from None
    private = told.get("privateClusterConfig")
    pool = told.get("workloadIdentityConfig")
    return {
        "id": id,
        "name": args["name"],
        "project": args["project"],
        "location": args["location"],
        "endpoint": told.get("endpoint", ""),
        "network": told["networkConfig"]["network"],
        "enableAutopilot": bool(told.get("autopilot")),
        "workloadIdentityConfigs": [{"workloadPool": pool["workloadPool"]}] if pool else [],
        "privateClusterConfigs": [
            {
                "enablePrivateEndpoint": False,
                "enablePrivateNodes": private["enablePrivateNodes"],
                "masterGlobalAccessConfigs": [],
                "masterIpv4CidrBlock": private.get("masterIpv4CidrBlock", ""),
                "peeringName": "",
                "privateEndpoint": "",
                "privateEndpointSubnetwork": "",
                "publicEndpoint": "",
            }
        ]
        if private
        else [],
        "controlPlaneEndpointsConfigs": [],
        "nodePoolAutoConfigs": [],
        "nodePools": [],
    }


def get_project(account: Account, args: Values) -> Values:
    """The invoke `gcp:organizations/getProject:getProject`."""
    told = account.ask("GET", f"projects/{args['projectId']}")
    return {"id": f"projects/{args['projectId']}", "projectId": args["projectId"], "number": told["projectNumber"]}


KINDS: Mapping[str, Callable[[Any], Kind]] = {
    "gcp:pubsub/topic:Topic": Topic,
    "gcp:pubsub/subscription:Subscription": Subscription,
    "gcp:pubsub/topicIAMMember:TopicIAMMember": TopicIAMMember,
    "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": SubscriptionIAMMember,
    "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember": CryptoKeyIAMMember,
    "gcp:logging/projectSink:ProjectSink": ProjectSink,
    "gcp:compute/firewall:Firewall": Firewall,
    "gcp:serviceaccount/account:Account": ServiceAccount,
    "gcp:serviceaccount/iAMMember:IAMMember": ServiceAccountIAMMember,
    "gcp:serviceaccount/key:Key": Key,
    "gcp:projects/iAMMember:IAMMember": ProjectIAMMember,
}
