"""The IAM documents of an EKS stack, as pure functions: exact ARNs, conditions, in the right partition.

Actions come from `rights.py`. Trust of CloudWatch Logs:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/SubscriptionFilters.html; its name in China: AWS CDK's
region-info. Pod Identity's conditions: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from k8s_audit.platforms.eks import rights


@dataclass(frozen=True)
class Place:
    """Where a cluster is.

    Args:
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        region: such as `eu-west-1`.
        account: twelve digits.
    """

    partition: str
    region: str
    account: str


def place_of(arn: str) -> Place:
    """Where a thing with this ARN is."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return Place(partition, region, account)


def delivery_trust(place: Place, accounts: Sequence[str] = ()) -> str:
    """Who may take the role that writes into the stream: CloudWatch Logs, for log groups of this region.

    Args:
        place: where the stream is.
        accounts: whose log groups may be written from, beside its own
            (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateDestination.html).
    """
    china = place.partition == "aws-cn"
    service = f"logs.{place.region}.amazonaws.com.cn" if china else "logs.amazonaws.com"
    owners = dict.fromkeys([place.account, *accounts])
    sources = [f"arn:{place.partition}:logs:{place.region}:{account}:*" for account in owners]
    condition = {"aws:SourceArn": sources if len(sources) > 1 else sources[0]}
    return _trust({"Service": service}, ["sts:AssumeRole"], {"StringLike": condition})


def delivery_policy(stream: str, key: str | None) -> str:
    """What CloudWatch Logs may do.

    Args:
        stream: the stream's ARN.
        key: ARN of the stream's key; None: AWS's own.
    """
    return _policy(rights.DELIVERY, {"stream": stream, "stream key": key})


def reader_policy(stream: str, table: str, queue: str, key: str | None) -> str:
    """What the forwarder may do.

    Args:
        stream: the stream's ARN.
        table: ARN of the table of checkpoints.
        queue: ARN of the dead letter.
        key: ARN of the key of stream and dead letter; None: AWS's own.
    """
    arns = {"stream": stream, "table": table, "stream key": key, "dead letter": queue, "dead letter key": key}
    return _policy((*rights.READER, *rights.DEAD_LETTER), arns)


def chained_policy(role: str, queue: str, key: str | None) -> str:
    """What the forwarder may do where it takes another account's role to read.

    Args:
        role: that role's ARN.
        queue: ARN of the dead letter.
        key: ARN of the dead letter's key; None: AWS's own.
    """
    arns = {"role of the stream": role, "dead letter": queue, "dead letter key": key}
    return _policy((*rights.CHAIN, *rights.DEAD_LETTER), arns)


def poller_policy(group: str, key: str | None) -> str:
    """What the seed's forwarder may do.

    Args:
        group: ARN of the log group.
        key: ARN of its key; None: AWS's own.
    """
    return _policy(rights.POLLER, {"log group streams": f"{group}:*", "log group key": key})


def senders_policy(destination: str, accounts: Sequence[str]) -> str:
    """Who may put a filter that writes to a destination: these accounts.

    Args:
        destination: its ARN.
        accounts: twelve digits each.
    """
    allowed = {"Effect": "Allow", "Principal": {"AWS": list(accounts)}, "Resource": destination}
    return _document(allowed | {"Action": [right.action for right in rights.SENDERS]})


def queue_policy(queue: str) -> str:
    """Nobody may use a queue without TLS; what is denied may be a wildcard
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html).

    Args:
        queue: its ARN.
    """
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    return _document({"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": queue, "Condition": insecure})


def pod_identity_trust(cluster: str, namespace: str, service_account: str) -> str:
    """Who may take the forwarder's role: Pod Identity, for this one service account of this one cluster.

    Args:
        cluster: the cluster's ARN.
        namespace: the service account's.
        service_account: its name.
    """
    tags = {
        "eks-cluster-arn": cluster,
        "kubernetes-namespace": namespace,
        "kubernetes-service-account": service_account,
    }
    return _trust(
        {"Service": "pods.eks.amazonaws.com"},
        ["sts:AssumeRole", "sts:TagSession"],
        {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in tags.items()}},
    )


def irsa_trust(place: Place, issuer: str, namespace: str, service_account: str) -> str:
    """Who may take the forwarder's role: tokens that the cluster's issuer gave to this one service account.

    Args:
        place: where the cluster is.
        issuer: the cluster's OIDC issuer, `https://…`; IAM must know it as a provider.
        namespace: the service account's.
        service_account: its name.
    """
    provider = issuer.removeprefix("https://")
    claims = {
        f"{provider}:aud": "sts.amazonaws.com",
        f"{provider}:sub": f"system:serviceaccount:{namespace}:{service_account}",
    }
    return _trust(
        {"Federated": f"arn:{place.partition}:iam::{place.account}:oidc-provider/{provider}"},
        ["sts:AssumeRoleWithWebIdentity"],
        {"StringEquals": claims},
    )


def _trust(principal: Mapping[str, str], actions: list[str], condition: Mapping[str, Any]) -> str:
    return _document({"Effect": "Allow", "Principal": principal, "Action": actions, "Condition": condition})


def _policy(needed: tuple[rights.Right, ...], arns: Mapping[str, str | None]) -> str:
    """One statement a thing; what is not there gets none."""
    actions: dict[str, list[str]] = {}
    for right in needed:
        if arn := arns[right.on]:
            actions.setdefault(arn, []).append(right.action)
    actions = {arn: list(dict.fromkeys(names)) for arn, names in actions.items()}
    return _document(*({"Effect": "Allow", "Action": names, "Resource": arn} for arn, names in actions.items()))


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)
