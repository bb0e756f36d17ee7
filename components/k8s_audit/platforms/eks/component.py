"""EksAudit: from a cluster of Amazon's, which the stack need not own, to a stream that a forwarder may read.

Cluster → log group → subscription filter → Kinesis, with the roles, the table of checkpoints and the dead letter. The log is
switched on last, when its way out is there. It places nothing in the cluster.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.forwarder import NAMESPACE, SERVICE_ACCOUNT
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.eks import EksPlatform
from k8s_audit.platforms.eks import iam, names
from k8s_audit.platforms.eks.network import admit, place_endpoints, services_of
from k8s_audit.platforms.eks.sdk import cluster, sdk
from k8s_audit.platforms.eks.site import Role, Site
from k8s_audit.platforms.eks.stream import Stream, queue_of, stream_of
from k8s_audit.resources.clouds import EksClusterLogging, EksLogGroup

PATTERN = '{ $.kind = "Event" && $.apiVersion = "audit.k8s.io/v1" }'
"""A filter sees the message, not its stream: this is what only audit events have."""
PRIVATE = (
    "cluster {cluster}: its API server is private. If its nodes have no way to the internet, set privateEndpoints, or the forwarder"
    " does not reach {services}"
)
BENTO, SYSDIG, NONE = "bento", "sysdig", "none"


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
    forwarder: NotRequired[str]
    """Who reads in the cluster: `bento` the stream, `sysdig` the log group (then there is no stream), `none` nobody; default: `bento`."""
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
    """The Kinesis stream's name, its ARN where it was there already; empty where nothing reads one from here."""
    checkpoint_table: pulumi.Output[str]
    """The DynamoDB table in which a forwarder keeps its place; likewise."""
    reader_role: pulumi.Output[str]
    """ARN of the forwarder's role; empty without a forwarder."""
    dead_letter: pulumi.Output[str]
    """URL of the SQS queue for what nobody takes; empty without a forwarder of ours."""
    destination: pulumi.Output[str]
    """ARN for the filters of other accounts; empty without `fromAccounts`."""

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
        settings = judge(EksPlatform, "settings", {"kind": "eks", **args["settings"]})
        found = cluster(args["cluster"], pulumi.InvokeOptions(parent=self))
        site = Site(name, args["cluster"], settings, found, self)
        nothing = pulumi.Output.from_input("")
        self.cluster_endpoint = pulumi.Output.from_input(found.endpoint)
        self.log_group = self.stream = self.checkpoint_table = self.reader_role = nothing
        self.dead_letter = self.destination = nothing
        if args.get("events", True):
            self._events(site, args)
        ports = settings.receiver_ports
        admit(site, args.get("receiver_ports", []) if ports is None else ports)
        self.register_outputs(
            {
                "clusterEndpoint": self.cluster_endpoint,
                "logGroup": self.log_group,
                "stream": self.stream,
                "checkpointTable": self.checkpoint_table,
                "readerRole": self.reader_role,
                "deadLetter": self.dead_letter,
                "destination": self.destination,
            }
        )

    def _events(self, site: Site, args: EksAuditArgs) -> None:
        settings, forwarder = site.settings, args.get("forwarder", BENTO)
        access: dict[str, Any] = {"region": settings.region, "profile": settings.profile}
        access |= {"role_arn": settings.role_arn, "external_id": settings.external_id}
        group = EksLogGroup(
            f"{site.name}-log-group",
            group=names.log_group(site.cluster),
            filter="" if forwarder == SYSDIG else site.fitted(names.FILTER, "filter"),
            retention_days=settings.retention_days,
            kms_key=settings.kms_key,
            tags=settings.tags,
            **access,
            opts=site.options(),
        )
        way: list[pulumi.Resource] = [group]
        if forwarder == SYSDIG:
            policy = group.arn.apply(lambda arn: iam.poller_policy(arn, settings.kms_key))
            self._read_by(site, args, policy)
        else:
            stream = stream_of(site)
            way.append(_subscription(site, group, stream))
            self.stream, self.checkpoint_table = map(pulumi.Output.from_input, (stream.name, stream.table))
            self.destination = pulumi.Output.from_input(stream.destination)
            if forwarder == BENTO:
                self._read_by(site, args, self._stream_policy(site, stream))
        services = services_of(site, forwarder)
        if settings.private_endpoints:
            place_endpoints(site, settings.private_endpoints, services)
        elif site.found.private and services:
            pulumi.log.warn(PRIVATE.format(cluster=site.cluster, services=", ".join(services)), self)
        EksClusterLogging(
            f"{site.name}-logging",
            cluster=site.cluster,
            types=sorted(settings.log_types),
            timeout=settings.update_timeout,
            **access,
            opts=site.options(*way),
        )
        self.log_group = group.group

    def _stream_policy(self, site: Site, stream: Stream) -> pulumi.Output[str]:
        """What the reader of the stream may do; its dead letter is made with it."""
        queue, key, existing = queue_of(site), site.settings.stream.kms_key, site.settings.stream.existing
        self.dead_letter = pulumi.Output.from_input(queue.url)
        known: pulumi.Output[list[str]] = pulumi.Output.all(stream.arn, stream.table_arn, queue.arn)
        if existing and (role := existing.role_arn):
            return known.apply(lambda arns: iam.chained_policy(role, arns[2], key))
        return known.apply(lambda arns: iam.reader_policy(arns[0], arns[1], arns[2], key))

    def _read_by(self, site: Site, args: EksAuditArgs, policy: pulumi.Output[str]) -> Role:
        namespace = args.get("namespace", NAMESPACE)
        reader = site.identity("reader", policy, namespace, args.get("service_account", SERVICE_ACCOUNT))
        self.reader_role = reader.arn
        return reader


def _subscription(site: Site, group: EksLogGroup, stream: Stream) -> pulumi.Resource:
    writer = stream.writer
    made: pulumi.Resource = sdk("cloudwatch").LogSubscriptionFilter(
        f"{site.name}-filter",
        name=site.fitted(names.FILTER, "filter"),
        log_group=group.group,
        filter_pattern=PATTERN,
        destination_arn=stream.target,
        role_arn=writer.arn if writer else None,
        distribution="Random",
        opts=site.options(*(writer.parts if writer else ())),
    )
    return made
