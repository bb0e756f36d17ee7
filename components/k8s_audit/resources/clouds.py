"""What a cloud's cluster records, and where it goes."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from k8s_audit.platforms.iks.api import API, IAM
from k8s_audit.resources import PACKAGE


class EksClusterLogging(pulumi.CustomResource):
    """Log types of an EKS cluster, switched on though the stack need not own it; destroy undoes only what it did.

    Args:
        resource_name: the resource's name.
        cluster: its name.
        region: of AWS.
        types: such as `["audit"]`.
        timeout: a duration: how long a switch may take, another change of the cluster waited for included.
        profile: a profile of the AWS files on this machine; default: the surroundings' credentials.
        role_arn: a role to take first; default: none.
        external_id: what that role's trust policy asks for.
    """

    def __init__(
        self,
        resource_name: str,
        cluster: pulumi.Input[str],
        region: str,
        types: list[str],
        timeout: str = "20m",
        profile: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "cluster": cluster,
            "region": region,
            "types": types,
            "timeout": timeout,
            "profile": profile,
            "roleArn": role_arn,
            "externalId": external_id,
        }
        computed = dict.fromkeys(["missing", "switchedOn"])
        super().__init__(f"{PACKAGE}:index:EksClusterLogging", resource_name, props | computed, opts)

    @property
    def switched_on(self) -> pulumi.Output[list[str]]:
        """The types that were off before."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "switchedOn"))


class EksLogGroup(pulumi.CustomResource):
    """The log group of a cluster's logs: made, or taken over where it is there; destroy leaves it.

    Args:
        resource_name: the resource's name.
        group: the log group's name.
        filter: name of the subscription filter that is to be put on it; two filters of others are refused; empty: none is.
        region: of AWS.
        retention_days: as CloudWatch Logs allows them; 0: for ever.
        kms_key: ARN; default: what it has.
        tags: are added.
        profile: a profile of the AWS files on this machine; default: the surroundings' credentials.
        role_arn: a role to take first; default: none.
        external_id: what that role's trust policy asks for.
    """

    def __init__(
        self,
        resource_name: str,
        group: pulumi.Input[str],
        filter: str,
        region: str,
        retention_days: int,
        kms_key: str | None = None,
        tags: Mapping[str, str] | None = None,
        profile: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "group": group,
            "filter": filter,
            "region": region,
            "retentionDays": retention_days,
            "kmsKey": kms_key,
            "tags": dict(tags or {}),
            "profile": profile,
            "roleArn": role_arn,
            "externalId": external_id,
        }
        computed = dict.fromkeys(["arn", "adopted", "retentionBefore"])
        super().__init__(f"{PACKAGE}:index:EksLogGroup", resource_name, props | computed, opts)

    @property
    def group(self) -> pulumi.Output[str]:
        """Its name."""
        return cast(pulumi.Output[str], pulumi.get(self, "group"))

    @property
    def arn(self) -> pulumi.Output[str]:
        """Its ARN."""
        return cast(pulumi.Output[str], pulumi.get(self, "arn"))

    @property
    def adopted(self) -> pulumi.Output[bool]:
        """Whether it was there before."""
        return cast(pulumi.Output[bool], pulumi.get(self, "adopted"))


class GkeDataAccess(pulumi.CustomResource):
    """Data access logs of GKE in a project, switched on though the stack need not own the project; destroy undoes only what it did.

    Args:
        resource_name: the resource's name.
        project: its ID.
        types: such as `["DATA_READ"]`.
        sink: name of the sink that sends the events on; while other sinks of ours are in the project, destroy leaves the logs on.
        exempted_members: whose requests are not logged, in the types that are switched on.
        timeout: a duration: how long others' changes at the same time are waited for.
        credentials: path of a file of credentials; default: the surroundings'.
        impersonate_service_account: e-mail of a service account that does it; default: none.
    """

    def __init__(
        self,
        resource_name: str,
        project: str,
        types: list[str],
        sink: pulumi.Input[str],
        exempted_members: list[str] | None = None,
        timeout: str = "2m",
        credentials: str | None = None,
        impersonate_service_account: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "project": project,
            "types": types,
            "sink": sink,
            "exemptedMembers": exempted_members or [],
            "timeout": timeout,
            "credentials": credentials,
            "impersonateServiceAccount": impersonate_service_account,
        }
        computed = dict.fromkeys(["missing", "switchedOn"])
        super().__init__(f"{PACKAGE}:index:GkeDataAccess", resource_name, props | computed, opts)

    @property
    def switched_on(self) -> pulumi.Output[list[str]]:
        """The types that were off before."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "switchedOn"))


class IksAuditWebhook(pulumi.CustomResource):
    """The audit webhook of a cluster of IBM Cloud Kubernetes Service, brought to its API servers by a refresh of the master.

    Args:
        resource_name: the resource's name.
        cluster: its ID or name.
        webhook: a webhook kubeconfig that says where events go; a secret.
        kubeconfig: path of an administrator's, whose client certificate lets events through the API server's proxy.
        audit_policy: IBM's own: `default`, or `verbose`, whose events hold the bodies of Secrets: the webhook then leads to a forwarder that
            takes them off.
        resource_group: its ID; empty: the API key's default.
        region: empty: IBM finds it by the cluster.
        api_endpoint: URL of IBM's Kubernetes service.
        iam_endpoint: URL that makes a token of an API key.
        adopt: take over a webhook that is there already.
        refresh_timeout: a duration, for one refresh of the master.
    """

    def __init__(
        self,
        resource_name: str,
        cluster: str,
        webhook: pulumi.Input[str],
        kubeconfig: pulumi.Input[str] = "",
        audit_policy: str = "default",
        resource_group: str = "",
        region: str = "",
        api_endpoint: str = API,
        iam_endpoint: str = IAM,
        adopt: bool = False,
        refresh_timeout: str = "45m",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "cluster": cluster,
            "webhook": pulumi.Output.secret(webhook),
            "kubeconfig": kubeconfig,
            "auditPolicy": audit_policy,
            "resourceGroup": resource_group,
            "region": region,
            "apiEndpoint": api_endpoint,
            "iamEndpoint": iam_endpoint,
            "adopt": adopt,
            "refreshTimeout": refresh_timeout,
        }
        computed = dict.fromkeys(["server", "before", "certificate", "digest", "intact"])
        super().__init__(f"{PACKAGE}:index:IksAuditWebhook", resource_name, props | computed, opts)

    @property
    def server(self) -> pulumi.Output[str]:
        """Where events go."""
        return cast(pulumi.Output[str], pulumi.get(self, "server"))

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of all that was set."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))
