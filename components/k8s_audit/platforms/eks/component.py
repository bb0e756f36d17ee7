"""EksAudit: from a cluster of Amazon's, which the stack need not own, to a stream that a forwarder may read.

Cluster → log group → subscription filter → Kinesis, with the roles and the table of checkpoints. The log is switched on
last, when its way out is there. It places nothing in the cluster.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.forwarder import NAMESPACE, SERVICE_ACCOUNT
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.platforms.eks import iam, names
from k8s_audit.platforms.eks.sdk import Cluster, cluster, sdk
from k8s_audit.resources import EksClusterLogging, EksLogGroup

PATTERN = '{ $.kind = "Event" && $.apiVersion = "audit.k8s.io/v1" }'
"""A filter sees the message, not its stream: this is what only audit events have."""
MODES = {"on-demand": "ON_DEMAND", "provisioned": "PROVISIONED"}


class EksAuditArgs(TypedDict):
    """Arguments of EksAudit."""

    cluster: str
    """The cluster's name."""
    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: region, retentionDays, stream, identity, …"""
    events: NotRequired[bool]
    """Whether audit events are wanted; false: only `receiverPorts` are let in; default: true."""
    receiver_ports: NotRequired[list[int]]
    """TCP ports on the nodes that the API server's webhooks call, where settings has none; default: none."""
    namespace: NotRequired[str]
    """Of the forwarder; default: k8s-audit."""
    service_account: NotRequired[str]
    """The one that may read the stream; default: k8s-audit-forwarder."""


class EksAudit(pulumi.ComponentResource):
    """The audit log of a cluster of Amazon's, switched on and led into a Kinesis stream.

    The AWS provider that it is given makes all but the logging and the log group; they use `profile` and `roleArn` of the
    settings. `destroy` leaves the log group and what others had switched on.
    """

    cluster_endpoint: pulumi.Output[str]
    """The API server's URL."""
    log_group: pulumi.Output[str]
    """The log group's name; empty without events."""
    stream: pulumi.Output[str]
    """The Kinesis stream's name; empty without events."""
    checkpoint_table: pulumi.Output[str]
    """The DynamoDB table in which a forwarder keeps its place; empty without events."""
    reader_role: pulumi.Output[str]
    """ARN of the forwarder's role; empty without events."""

    def __init__(self, name: str, args: EksAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register all of it.

        Args:
            name: the component's name.
            args: see EksAuditArgs.
            opts: Pulumi's; an AWS provider in it reaches every child.

        Raises:
            ConfigError: the settings have faults.
            ToolError: the extra `aws` is not installed.
            CloudError: the cluster is not there, or may not be read.
        """
        super().__init__("k8s-audit:index:EksAudit", name, {}, opts)
        self._name, self._cluster = name, args["cluster"]
        self._settings = judge(EksPlatform, "settings", {"kind": "eks", **args["settings"]})
        self._namespace = args.get("namespace", NAMESPACE)
        self._service_account = args.get("service_account", SERVICE_ACCOUNT)
        self._options = pulumi.ResourceOptions(parent=self)
        found = cluster(self._cluster, pulumi.InvokeOptions(parent=self))
        nothing = pulumi.Output.from_input("")
        self.cluster_endpoint = pulumi.Output.from_input(found.endpoint)
        self.log_group = self.stream = self.checkpoint_table = self.reader_role = nothing
        if args.get("events", True):
            self._events(found)
        ports = self._settings.receiver_ports
        self._admit(found, args.get("receiver_ports", []) if ports is None else ports)
        self.register_outputs(
            {
                "clusterEndpoint": self.cluster_endpoint,
                "logGroup": self.log_group,
                "stream": self.stream,
                "checkpointTable": self.checkpoint_table,
                "readerRole": self.reader_role,
            }
        )

    def _events(self, found: Cluster) -> None:
        name, settings, tags = self._name, self._settings, self._settings.tags
        access: dict[str, Any] = {"region": settings.region, "profile": settings.profile}
        access |= {"role_arn": settings.role_arn, "external_id": settings.external_id}
        filter_name = self._fitted(names.FILTER, "filter")
        group = EksLogGroup(
            f"{name}-log-group",
            group=names.log_group(self._cluster),
            filter=filter_name,
            retention_days=settings.retention_days,
            kms_key=settings.kms_key,
            tags=tags,
            **access,
            opts=self._options,
        )
        stream = self._stream()
        table = sdk("dynamodb").Table(
            f"{name}-checkpoints",
            name=self._fitted(names.TABLE, "checkpoints"),
            billing_mode="PAY_PER_REQUEST",
            hash_key="StreamID",
            range_key="ShardID",
            attributes=[{"name": "StreamID", "type": "S"}, {"name": "ShardID", "type": "S"}],
            tags=tags,
            opts=self._options,
        )
        key = settings.stream.kms_key
        writer = self._role(
            "delivery",
            iam.delivery_trust(iam.place_of(found.arn)),
            stream.arn.apply(lambda arn: iam.delivery_policy(arn, key)),
        )
        reader = self._role(
            "reader",
            self._reader_trust(found),
            pulumi.Output.all(stream.arn, table.arn).apply(lambda arns: iam.reader_policy(arns[0], arns[1], key)),
        )
        subscription = sdk("cloudwatch").LogSubscriptionFilter(
            f"{name}-filter",
            name=filter_name,
            log_group=group.group,
            filter_pattern=PATTERN,
            destination_arn=stream.arn,
            role_arn=writer.arn,
            distribution="Random",
            opts=self._after(writer),
        )
        if settings.identity == "pod-identity":
            sdk("eks").PodIdentityAssociation(
                f"{name}-identity",
                cluster_name=self._cluster,
                namespace=self._namespace,
                service_account=self._service_account,
                role_arn=reader.arn,
                tags=tags,
                opts=self._after(reader),
            )
        if settings.private_endpoints:
            self._endpoints(found)
        EksClusterLogging(
            f"{name}-logging",
            cluster=self._cluster,
            types=sorted(settings.log_types),
            timeout=settings.update_timeout,
            **access,
            opts=self._after(group, subscription),
        )
        self.log_group, self.stream, self.checkpoint_table = group.group, stream.name, table.name
        self.reader_role = reader.arn

    def _stream(self) -> Any:
        stream = self._settings.stream
        return sdk("kinesis").Stream(
            f"{self._name}-stream",
            name=self._fitted(names.STREAM, "events"),
            stream_mode_details={"stream_mode": MODES[stream.mode]},
            shard_count=stream.shards,
            retention_period=stream.retention_hours,
            encryption_type="KMS",
            kms_key_id=stream.kms_key or "alias/aws/kinesis",
            tags=self._settings.tags,
            opts=self._options,
        )

    def _role(self, part: str, trust: str, policy: pulumi.Output[str]) -> Any:
        """A role and all that it may do; whoever depends on it gets both."""
        role = sdk("iam").Role(
            f"{self._name}-{part}",
            name=self._fitted(names.ROLE, part),
            assume_role_policy=trust,
            tags=self._settings.tags,
            opts=self._options,
        )
        sdk("iam").RolePolicy(
            f"{self._name}-{part}-policy",
            name=self._fitted(names.POLICY, part),
            role=role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=role),
        )
        return role

    def _reader_trust(self, found: Cluster) -> str:
        namespace, account = self._namespace, self._service_account
        if self._settings.identity == "pod-identity":
            return iam.pod_identity_trust(found.arn, namespace, account)
        return iam.irsa_trust(iam.place_of(found.arn), found.issuer, namespace, account)

    def _endpoints(self, found: Cluster) -> None:
        """What the forwarder calls, reached without the internet."""
        private, region = self._settings.private_endpoints, self._settings.region
        assert private
        groups = private.security_group_ids or [found.security_group]
        tokens = "sts" if self._settings.identity == "irsa" else "eks-auth"
        own: dict[str, dict[str, Any]] = {
            service: {
                "vpc_endpoint_type": "Interface",
                "private_dns_enabled": True,
                "subnet_ids": private.subnet_ids,
                "security_group_ids": groups,
            }
            for service in ("kinesis-streams", tokens)
        }
        own["dynamodb"] = {"vpc_endpoint_type": "Gateway", "route_table_ids": private.route_table_ids}
        for service, settings in own.items():
            sdk("ec2").VpcEndpoint(
                f"{self._name}-{service}",
                vpc_id=found.vpc,
                service_name=names.endpoint_service(region, service),
                tags=self._settings.tags,
                opts=self._options,
                **settings,
            )

    def _admit(self, found: Cluster, ports: list[int]) -> None:
        """The API server's webhook calls come from network interfaces in the cluster's own group."""
        if self._settings.node_security_group is None:
            return
        for port in ports:
            sdk("vpc").SecurityGroupIngressRule(
                f"{self._name}-port-{int(port)}",
                security_group_id=self._settings.node_security_group,
                referenced_security_group_id=found.security_group,
                ip_protocol="tcp",
                from_port=int(port),
                to_port=int(port),
                description=f"the API server of {self._cluster} calls a webhook",
                tags=self._settings.tags,
                opts=self._options,
            )

    def _fitted(self, limit: int, part: str) -> str:
        return names.fitted(limit, self._settings.region, self._cluster, part)

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))
