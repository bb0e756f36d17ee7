"""What the parts of one cluster's way out share in AWS: names, tags, options, roles."""

from dataclasses import dataclass

import pulumi

from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.platforms.eks import iam, names
from k8s_audit.platforms.eks.sdk import Cluster, sdk


@dataclass(frozen=True)
class Role:
    """A role and all that it may do.

    Args:
        arn: the role's.
        parts: for whoever may come only after both.
    """

    arn: pulumi.Output[str]
    parts: tuple[pulumi.Resource, ...]


@dataclass(frozen=True)
class Site:
    """One cluster in AWS.

    Args:
        name: the component's.
        cluster: the cluster's name.
        settings: the judged ones.
        found: what was looked up of it.
        parent: the component.
    """

    name: str
    cluster: str
    settings: EksPlatform
    found: Cluster
    parent: pulumi.Resource

    @property
    def place(self) -> iam.Place:
        """Where the cluster is."""
        return iam.place_of(self.found.arn)

    def fitted(self, limit: int, part: str) -> str:
        """A name of ours, within a service's limit."""
        return names.fitted(limit, self.settings.region, self.cluster, part)

    def options(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Options of a child that comes after others."""
        return pulumi.ResourceOptions(parent=self.parent, depends_on=list(after))

    def role(self, part: str, trust: str, policy: pulumi.Input[str]) -> Role:
        """Register a role with one policy."""
        role = sdk("iam").Role(
            f"{self.name}-{part}",
            name=self.fitted(names.ROLE, part),
            assume_role_policy=trust,
            tags=self.settings.tags,
            opts=self.options(),
        )
        allowed = sdk("iam").RolePolicy(
            f"{self.name}-{part}-policy",
            name=self.fitted(names.POLICY, part),
            role=role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=role),
        )
        return Role(role.arn, (role, allowed))

    def identity(self, part: str, policy: pulumi.Input[str], namespace: str, service_account: str) -> Role:
        """Register a role that one service account of the cluster may take: by Pod Identity, or by its annotation (IRSA)."""
        pods = self.settings.identity == "pod-identity"
        trust = (
            iam.pod_identity_trust(self.found.arn, namespace, service_account)
            if pods
            else iam.irsa_trust(self.place, self.found.issuer, namespace, service_account)
        )
        role = self.role(part, trust, policy)
        if not pods:
            return role
        association = sdk("eks").PodIdentityAssociation(
            f"{self.name}-identity",
            cluster_name=self.cluster,
            namespace=namespace,
            service_account=service_account,
            role_arn=role.arn,
            tags=self.settings.tags,
            opts=self.options(*role.parts),
        )
        return Role(role.arn, (*role.parts, association))
