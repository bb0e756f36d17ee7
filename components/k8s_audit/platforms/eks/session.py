"""Calls to AWS by boto3, for our own resources: who makes them, and errors as one line.

Pulumi's AWS provider hands its settings to its own resources alone, so ours are given the same ones.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from k8s_audit.errors import CloudError, ToolError

if TYPE_CHECKING:
    import boto3

EXTRA = "aws"
MISSING = f"platform eks needs boto3 and pulumi-aws: pip install 'k8s-audit[{EXTRA}]'"


@dataclass(frozen=True)
class Access:
    """Who asks, and where.

    Args:
        region: such as `eu-west-1`.
        profile: a profile of the AWS files on this machine; None: the surroundings' own credentials.
        role_arn: a role to take first; None: none.
        external_id: what that role's trust policy asks for.
    """

    region: str
    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None

    def client(self, service: str) -> Any:
        """A client of a service of AWS, such as `eks`.

        Raises:
            ToolError: the extra is not installed.
            CloudError: no credentials, or the role may not be taken.
        """
        try:
            import boto3
        except ModuleNotFoundError:
            raise ToolError(MISSING) from None
        with asked(f"credentials for {self.region}"):
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            return (self._assumed(session) if self.role_arn else session).client(service)

    def _assumed(self, session: "boto3.Session") -> "boto3.Session":
        import boto3

        given = {"ExternalId": self.external_id} if self.external_id else {}
        taken = session.client("sts").assume_role(RoleArn=self.role_arn, RoleSessionName="k8s-audit", **given)
        keys = taken["Credentials"]
        return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], self.region)


@contextmanager
def asked(what: str) -> Iterator[None]:
    """Turn AWS's refusals, and being out of its reach, into one line.

    Args:
        what: was asked for; the line begins with it.

    Raises:
        CloudError: it was refused, or nobody answered.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        raise CloudError(f"{what}: {told.get('Code', 'refused')}: {told.get('Message') or error}") from None
    except BotoCoreError as error:
        raise CloudError(f"{what}: {error}") from None


def code_of(error: Exception) -> str:
    """AWS's name of an error; empty: it is none of AWS's."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))
