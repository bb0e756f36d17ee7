"""Pulumi's AWS SDK, an extra of the wheel, and the provider of an EKS stack."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pulumi

from k8s_audit.errors import CloudError, ToolError
from k8s_audit.extras import sdk_module
from k8s_audit.platforms.eks.session import MISSING, Access

if TYPE_CHECKING:
    from pulumi_aws import Provider


def sdk(module: str) -> Any:
    """A module of pulumi_aws, such as `kinesis`; loaded when it is first needed, since it is large.

    Raises:
        ToolError: the extra is not installed.
    """
    return sdk_module("pulumi_aws", module, MISSING)


@dataclass(frozen=True)
class Cluster:
    """What is looked up of a cluster.

    Args:
        arn: with its partition, region and account.
        endpoint: the API server's URL.
        issuer: of its service accounts' tokens.
        vpc: the ID of its network.
        security_group: the one that EKS made for it.
        private: whether its API server is reached from its VPC alone.
    """

    arn: str
    endpoint: str
    issuer: str
    vpc: str
    security_group: str
    private: bool


def cluster(name: str, options: pulumi.InvokeOptions) -> Cluster:
    """Look a cluster up at once, so that one that is not there stops all before anything is made.

    Args:
        name: the cluster's.
        options: whose provider asks.

    Raises:
        CloudError: it is not there, not ready, or may not be read.
    """
    try:
        found = sdk("eks").get_cluster(name=name, opts=options)
    except ToolError:
        raise
    except Exception as error:  # the SDK's only kind for a refused invoke
        raise CloudError(f"cluster {name}: {str(error).rpartition('returned an error: ')[2]}") from None
    if found.status not in ("ACTIVE", "UPDATING"):
        raise CloudError(f"cluster {name}: its status is {found.status}; it must be ACTIVE")
    network, issuers = found.vpc_config, [oidc.issuer for one in found.identities for oidc in one.oidcs]
    return Cluster(
        arn=found.arn,
        endpoint=found.endpoint,
        issuer=issuers[0] if issuers else "",
        vpc=network.vpc_id,
        security_group=network.cluster_security_group_id,
        private=not network.endpoint_public_access,
    )


def provider(access: Access, account: str | None) -> "Provider":
    """The Pulumi provider of a stack's account and region.

    Args:
        access: who asks, and where.
        account: any other one is refused; None: any.
    """
    role = {"role_arn": access.role_arn} | ({"external_id": access.external_id} if access.external_id else {})
    made = sdk("provider").Provider(
        "aws",
        region=access.region,
        profile=access.profile,
        assume_roles=[role] if access.role_arn else None,
        allowed_account_ids=[account] if account else None,
    )
    return cast("Provider", made)
