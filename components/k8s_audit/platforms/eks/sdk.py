"""Pulumi's AWS SDK, an extra of the wheel, and the provider of an EKS stack."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from k8s_audit.errors import ToolError
from k8s_audit.platforms.eks.session import MISSING, Access

if TYPE_CHECKING:
    from pulumi_aws import Provider


def sdk(module: str) -> Any:
    """A module of pulumi_aws, such as `kinesis`; loaded when it is first needed, since it is large.

    Raises:
        ToolError: the extra is not installed.
    """
    try:
        return import_module(f"pulumi_aws.{module}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("pulumi_aws"):
            raise ToolError(MISSING) from None
        raise


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
