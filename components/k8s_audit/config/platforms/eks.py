"""`kind: eks`: a cluster of Amazon's, which the stack need not own."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from k8s_audit.config.forwarder_kinds import ForwarderKind, NoForwarder, SysdigForwarder
from k8s_audit.config.model import ConfigModel, Duration
from k8s_audit.config.platforms.model import PlatformConfig

RETENTIONS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""Days that CloudWatch Logs allows: its API reference, PutRetentionPolicy."""


def _retention(days: int) -> int:
    if days and days not in RETENTIONS:
        raise ValueError(
            f"CloudWatch Logs keeps events for 0 (for ever) or one of {', '.join(map(str, RETENTIONS))} days"
        )
    return days


Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
"""Such as `eu-west-1`, `cn-north-1`, `us-gov-west-1`."""
KeyArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")]
"""A KMS key's own ARN; an alias could point elsewhere tomorrow."""
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
StreamArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:kinesis:[a-z0-9-]+:[0-9]{12}:stream/[A-Za-z0-9_.-]{1,128}$")
]
DestinationArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:destination:[^:*\s]{1,512}$")
]
QueueArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$")]
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$")]
SecurityGroup = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]{8,17}$")]
Subnet = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]
RouteTable = Annotated[str, StringConstraints(pattern=r"^rtb-[0-9a-f]{8,17}$")]
LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
Retention = Annotated[int, AfterValidator(_retention)]


class ExistingStream(ConfigModel):
    """`existing`: a stream that another stack made, be it in this account or in a central one."""

    arn: StreamArn | None = None
    """The stream's. A forwarder of this stack reads it, and CloudWatch Logs writes into it unless `destination` is set."""
    destination: DestinationArn | None = None
    """What CloudWatch Logs writes to, where the stream is another account's: its output `destination`."""
    table: TableName | None = None
    """Where a forwarder keeps its place, in the stream's account and region; each forwarder has its own."""
    role_arn: RoleArn | None = None
    """A role in the stream's account that the forwarder takes to read stream and table."""
    external_id: str | None = Field(default=None, min_length=2, max_length=1224)
    """What that role's trust policy asks for."""
    dead_letter: QueueArn | None = None
    """A queue for what nobody takes, in this account or one whose policy admits the forwarder's role; default: one of this stack's."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.arn or self.destination):
            raise ValueError("arn or destination is needed")
        if self.external_id and not self.role_arn:
            raise ValueError("externalId belongs to roleArn")
        if not self.arn and (self.table or self.role_arn):
            raise ValueError("table and roleArn are for a forwarder, which needs arn to read")
        return self


class StreamConfig(ConfigModel):
    """`stream`: the Kinesis stream."""

    mode: Literal["on-demand", "provisioned"] = "on-demand"
    shards: int | None = Field(default=None, ge=1, le=10_000)
    """For `provisioned`: each takes 1 MB/s."""
    retention_hours: int = Field(default=72, ge=24, le=8760)
    """How long a forwarder may be down without a loss."""
    kms_key: KeyArn | None = None
    """Of stream and dead letter; default: AWS's own keys."""
    from_accounts: list[AccountId] = Field(default_factory=list)
    """Whose clusters may write into it too, through a destination of CloudWatch Logs; this account, if more than one cluster of it does."""
    existing: ExistingStream | None = None
    """Write into a stream that is there instead of making one."""

    @model_validator(mode="after")
    def _shards(self) -> Self:
        own = self.model_fields_set & {"mode", "shards", "retention_hours", "from_accounts"}
        if self.existing and own:
            keys = ", ".join(sorted(type(self).model_fields[key].alias or key for key in own))
            raise ValueError(f"existing: {keys} is the business of the stack that made the stream; take it out")
        if (self.mode == "provisioned") != (self.shards is not None):
            raise ValueError("shards and mode: provisioned belong together")
        return self


class PrivateEndpoints(ConfigModel):
    """`privateEndpoints`: for nodes without a way to the internet."""

    subnet_ids: list[Subnet] = Field(min_length=1)
    """Of the nodes, one an availability zone."""
    route_table_ids: list[RouteTable] = Field(min_length=1)
    """Of those subnets: DynamoDB is reached through them."""
    security_group_ids: list[SecurityGroup] = Field(default_factory=list)
    """They must admit TCP 443 from the nodes; default: the cluster's own group, in which its nodes are."""


class EksPlatform(PlatformConfig):
    """A cluster of Amazon's."""

    deliveries: ClassVar[tuple[str, ...]] = ("stream",)
    fixed_policy: ClassVar[bool] = True
    hints: ClassVar[dict[str, str]] = {
        "forwarder": "audit:forwarder is a key of its own",
        "namespace": "audit:forwarder.namespace says where the forwarder's pods are",
        "serviceAccount": "audit:forwarder.serviceAccount says who they are",
    }
    kind: Literal["eks"]
    region: Region
    cluster_name: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$")] | None = None
    """Default: `audit:cluster.name`, which cannot have capitals or underscores."""
    account_id: AccountId | None = None
    """`up` refuses credentials of any other account; a text, in quotes: it may begin with 0."""
    profile: str | None = Field(default=None, min_length=1)
    """A profile of the AWS files on this machine; default: what the surroundings say."""
    role_arn: RoleArn | None = None
    """A role that is taken for all that is done in AWS, such as one in the cluster's account."""
    external_id: str | None = Field(default=None, min_length=2, max_length=1224)
    """What that role's trust policy asks for; AWS does not treat it as a secret."""
    log_types: list[LogType] = Field(default_factory=lambda: list[LogType](["audit"]))
    """What is switched on; what is on stays on. Only `audit` is sent to receivers."""
    retention_days: Retention = 30
    """Of the cluster's log group; 0: for ever."""
    kms_key: KeyArn | None = None
    """Of the log group; default: AWS's own, or the one that it has."""
    stream: StreamConfig = StreamConfig()
    identity: Literal["pod-identity", "irsa"] = "pod-identity"
    """How the forwarder gets its role."""
    private_endpoints: PrivateEndpoints | None = None
    node_security_group: SecurityGroup | None = None
    """The nodes' own, where they have one beside the cluster's: the API server's calls are let in."""
    receiver_ports: list[Annotated[int, Field(ge=1, le=65535)]] | None = None
    """TCP ports that are let in; default: 5000 where a receiver takes AdmissionReviews, else none."""
    tags: dict[str, str] = Field(default_factory=dict)
    update_timeout: Duration = "20m"
    """For switching the log on, another change of the cluster waited for included."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if "audit" not in self.log_types:
            raise ValueError("logTypes without audit sends nothing")
        if self.external_id and not self.role_arn:
            raise ValueError("externalId belongs to roleArn")
        existing = self.stream.existing
        target = existing and (existing.destination or existing.arn)
        if target and target.split(":")[3] != self.region:
            raise ValueError(
                f"stream.existing: a log group's filter reaches its own region alone, {self.region}; give a destination there"
            )
        if self.receiver_ports and not self.node_security_group:
            raise ValueError("receiverPorts needs nodeSecurityGroup: nodes in the cluster's own group let all in")
        return self

    def forwarder_faults(self, forwarder: ForwarderKind) -> list[str]:
        """What a stream that is there needs, and what the seed's forwarder cannot use."""
        existing = self.stream.existing
        if isinstance(forwarder, SysdigForwarder):
            faults = []
            if self.identity != "irsa":
                faults.append(
                    "audit:platform.identity: the forwarder sysdig knows irsa alone (its AWS SDK is of 2019); given:"
                    f" '{self.identity}'"
                )
            if "stream" in self.model_fields_set:
                faults.append("audit:platform.stream: the forwarder sysdig reads the log group itself; take it out")
            return faults
        if existing is None:
            return []
        if isinstance(forwarder, NoForwarder):
            given = [key for key in ("table", "role_arn", "dead_letter") if getattr(existing, key)]
            keys = ", ".join(type(existing).model_fields[key].alias or key for key in given)
            return [f"audit:platform.stream.existing: {keys}: for a forwarder, and audit:forwarder is none"] * bool(
                given
            )
        if existing.arn and existing.table:
            return []
        return [
            "audit:platform.stream.existing: the forwarder of this stack needs arn and table to read; or audit:forwarder: none,"
            " if another stack's reads it"
        ]
