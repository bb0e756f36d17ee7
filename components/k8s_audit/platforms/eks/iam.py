"""The IAM documents of an EKS stack, as pure functions: exact ARNs, conditions, in the right partition.

Actions come from `rights.py`. Trust of CloudWatch Logs:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/SubscriptionFilters.html; its name in China: AWS CDK's
region-info. Pod Identity's conditions: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
"""

import json
from collections.abc import Mapping
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


def delivery_trust(place: Place) -> str:
    """Who may take the role that writes into the stream: CloudWatch Logs, for log groups of this account and region."""
    china = place.partition == "aws-cn"
    service = f"logs.{place.region}.amazonaws.com.cn" if china else "logs.amazonaws.com"
    source = f"arn:{place.partition}:logs:{place.region}:{place.account}:*"
    return _trust({"Service": service}, ["sts:AssumeRole"], {"StringLike": {"aws:SourceArn": source}})


def delivery_policy(stream: str, key: str | None) -> str:
    """What CloudWatch Logs may do.

    Args:
        stream: the stream's ARN.
        key: ARN of the stream's key; None: AWS's own.
    """
    return _policy(rights.DELIVERY, {"stream": stream, "stream key": key})


def reader_policy(stream: str, table: str, key: str | None) -> str:
    """What the forwarder may do.

    Args:
        stream: the stream's ARN.
        table: ARN of the table of checkpoints.
        key: ARN of the stream's key; None: AWS's own.
    """
    return _policy(rights.READER, {"stream": stream, "table": table, "stream key": key})


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
    return _document(*({"Effect": "Allow", "Action": names, "Resource": arn} for arn, names in actions.items()))


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)
