"""Rights by rules of our own: moto checks none."""

import json
import re
from typing import Any

import pytest

from k8s_audit.platforms.eks import iam, rights

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/events"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/checkpoints"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0f0e0d0c"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:dead-letter"
GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/eks/prod-1/cluster"
CENTRAL = "arn:aws:iam::999999999999:role/reader"
DESTINATION = "arn:aws:logs:eu-west-1:123456789012:destination:events"
CLUSTER = "arn:aws:eks:eu-west-1:123456789012:cluster/prod-1"
PLACES = [iam.Place("aws", "eu-west-1", "1" * 12), iam.Place("aws-cn", "cn-north-1", "2" * 12)]
PLACES.append(iam.Place("aws-us-gov", "us-gov-west-1", "3" * 12))


def statements(document: str) -> list[dict[str, Any]]:
    read = json.loads(document)
    assert read["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = read["Statement"]
    return found


@pytest.mark.parametrize("key", [None, KEY])
def test_each_action_is_exact_listed_with_what_needs_it_and_on_one_exact_thing(key: str | None) -> None:
    documents = {
        rights.DELIVERY: iam.delivery_policy(STREAM, key),
        (*rights.READER, *rights.DEAD_LETTER): iam.reader_policy(STREAM, TABLE, QUEUE, key),
        (*rights.CHAIN, *rights.DEAD_LETTER): iam.chained_policy(CENTRAL, QUEUE, key),
        rights.POLLER: iam.poller_policy(GROUP, key),
    }
    for listed, document in documents.items():
        given = [action for one in statements(document) for action in one["Action"]]
        assert sorted(given) == sorted({right.action for right in listed if key or not right.on.endswith(" key")})
        for one in statements(document):
            assert one["Effect"] == "Allow"
            # the streams of a log group have no other name than this
            assert one["Resource"] in (STREAM, TABLE, QUEUE, CENTRAL, f"{GROUP}:*", key)


def test_other_accounts_may_put_a_filter_and_nothing_else() -> None:
    (one,) = statements(iam.senders_policy(DESTINATION, ["222222222222"]))
    assert one["Action"] == [right.action for right in rights.SENDERS] == ["logs:PutSubscriptionFilter"]
    assert one["Principal"] == {"AWS": ["222222222222"]}
    assert one["Resource"] == DESTINATION
    trust = statements(iam.delivery_trust(PLACES[0], ["222222222222"]))[0]["Condition"]["StringLike"]["aws:SourceArn"]
    assert trust == ["arn:aws:logs:eu-west-1:111111111111:*", "arn:aws:logs:eu-west-1:222222222222:*"]


def test_nobody_may_use_the_dead_letter_without_tls() -> None:
    (one,) = statements(iam.queue_policy(QUEUE))
    assert (one["Effect"], one["Principal"], one["Action"]) == ("Deny", "*", "sqs:*")
    assert one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_no_right_is_a_wildcard_or_without_a_reason_or_listed_twice() -> None:
    lists = (rights.DELIVERY, rights.READER, rights.CHAIN, rights.DEAD_LETTER, rights.POLLER, rights.SENDERS)
    for listed in (*lists, rights.PREVIEW, rights.UP):
        for right in listed:
            assert re.fullmatch(r"[a-z0-9]+:[A-Z][A-Za-z]+", right.action)
            assert len(right.needed_by) > 3
        assert len({right.action for right in listed}) == len(listed)


def test_nobody_but_the_reader_may_read_and_nobody_but_the_delivery_may_write() -> None:
    assert not {right.action for right in rights.DELIVERY} & {right.action for right in rights.READER}
    assert "kinesis:PutRecord" not in iam.reader_policy(STREAM, TABLE, QUEUE, KEY)
    assert "kinesis:" not in iam.chained_policy(CENTRAL, QUEUE, KEY) + iam.poller_policy(GROUP, KEY)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.partition)
def test_a_trust_stays_in_its_partition(place: iam.Place) -> None:
    issuer = "https://oidc.eks.example/id/ABC"
    for document in (iam.delivery_trust(place), iam.irsa_trust(place, issuer, "k8s-audit", "forwarder")):
        arns = re.findall(r"arn:([a-z-]+):", document)
        assert set(arns) == {place.partition}
        assert place.account in document


def test_cloudwatch_logs_has_its_own_name_in_china() -> None:
    services = [statements(iam.delivery_trust(place))[0]["Principal"]["Service"] for place in PLACES]
    assert services == ["logs.amazonaws.com", "logs.cn-north-1.amazonaws.com.cn", "logs.amazonaws.com"]


def test_cloudwatch_logs_of_another_account_cannot_take_the_role() -> None:
    condition = statements(iam.delivery_trust(PLACES[0]))[0]["Condition"]
    assert condition == {"StringLike": {"aws:SourceArn": "arn:aws:logs:eu-west-1:111111111111:*"}}


def test_only_one_service_account_of_one_cluster_can_take_the_readers_role() -> None:
    (pod,) = statements(iam.pod_identity_trust(CLUSTER, "k8s-audit", "forwarder"))
    assert pod["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert pod["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": CLUSTER,
        "aws:RequestTag/kubernetes-namespace": "k8s-audit",
        "aws:RequestTag/kubernetes-service-account": "forwarder",
    }
    (web,) = statements(iam.irsa_trust(PLACES[0], "https://oidc.example/id/A", "k8s-audit", "forwarder"))
    assert web["Principal"] == {"Federated": "arn:aws:iam::111111111111:oidc-provider/oidc.example/id/A"}
    assert web["Condition"]["StringEquals"] == {
        "oidc.example/id/A:aud": "sts.amazonaws.com",
        "oidc.example/id/A:sub": "system:serviceaccount:k8s-audit:forwarder",
    }
