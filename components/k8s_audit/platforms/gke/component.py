"""GkeAudit: from a cluster of Google's, which the stack need not own, to a subscription that a forwarder may read.

Cluster → Cloud Logging → sink → topic → subscription, with dead letters, and who may write, move and read. Data access is
logged last, when its way out is there. It places nothing in the cluster.
"""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.forwarder import NAMESPACE, SERVICE_ACCOUNT
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.gke import GkePlatform
from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke import firewall, iam, names, pubsub, rights
from k8s_audit.platforms.gke.names import ClusterId
from k8s_audit.platforms.gke.sdk import Cluster, cluster, project_number, sdk
from k8s_audit.platforms.gke.session import Access
from k8s_audit.platforms.gke.sink import LEASES, sink_filter
from k8s_audit.resources.clouds import GkeDataAccess


class GkeAuditArgs(TypedDict):
    """Arguments of GkeAudit."""

    cluster: str
    """The cluster's name."""
    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: project, location, dataAccess, pubsub, identity, …"""
    events: NotRequired[bool]
    """Whether audit events are wanted; false: only `receiverPorts` are let in; default: true."""
    receiver_ports: NotRequired[list[int]]
    """TCP ports on private nodes that the API server's webhooks call, where settings has none; default: none."""
    namespace: NotRequired[str]
    """Of the forwarder; default: k8s-audit."""
    service_account: NotRequired[str]
    """The one in the cluster that may read the subscription; default: k8s-audit-forwarder."""


class GkeAudit(pulumi.ComponentResource):
    """The audit log of a cluster of Google's, led out of Cloud Logging into a Pub/Sub subscription.

    The Google Cloud provider that it is given makes all but the project's audit configuration, which uses `credentials` and
    `impersonateServiceAccount` of the settings. `destroy` leaves what others had switched on.
    """

    cluster_endpoint: pulumi.Output[str]
    """The API server's URL."""
    sink: pulumi.Output[str]
    """The sink's name; empty without events."""
    topic: pulumi.Output[str]
    """The topic's whole path; empty without events."""
    subscription: pulumi.Output[str]
    """The subscription's name; empty without events, and where the topic is another stack's."""
    dead_letter_topic: pulumi.Output[str]
    """The name of the topic of dead letters; empty where there is no subscription."""
    reader: pulumi.Output[str]
    """The forwarder as a member of IAM's; empty where there is no subscription."""
    service_account: pulumi.Output[str]
    """E-mail of the service account that the forwarder acts as; empty: it is itself."""

    def __init__(self, name: str, args: GkeAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register all of it.

        Args:
            name: the component's name.
            args: see GkeAuditArgs.
            opts: Pulumi's; a Google Cloud provider in it reaches every child.

        Raises:
            ConfigError: the settings have faults.
            ToolError: the extra `gcp` is not installed.
            CloudError: the cluster is not there, may not be read, or lacks what is needed.
        """
        super().__init__("k8s-audit:index:GkeAudit", name, {}, opts)
        self._name = name
        self._pod = (args.get("namespace", NAMESPACE), args.get("service_account", SERVICE_ACCOUNT))
        self._settings = settings = judge(GkePlatform, "settings", {"kind": "gke", **args["settings"]})
        self._id = ClusterId(settings.project, settings.location, args["cluster"])
        self._options, self._asking = pulumi.ResourceOptions(parent=self), pulumi.InvokeOptions(parent=self)
        found = cluster(self._id, self._asking)
        self.cluster_endpoint = pulumi.Output.from_input(found.endpoint)
        nothing = pulumi.Output.from_input("")
        self.sink = self.topic = self.subscription = self.dead_letter_topic = self.reader = nothing
        self.service_account = nothing
        ports = settings.receiver_ports
        self._admit(found, args.get("receiver_ports", []) if ports is None else ports)
        if args.get("events", True):
            self._events(found)
        self.register_outputs(
            {
                "clusterEndpoint": self.cluster_endpoint,
                "sink": self.sink,
                "topic": self.topic,
                "subscription": self.subscription,
                "deadLetterTopic": self.dead_letter_topic,
                "reader": self.reader,
                "serviceAccount": self.service_account,
            }
        )

    def _events(self, found: Cluster) -> None:
        name, settings, id = self._name, self._settings, self._id
        topic: pulumi.Input[str]
        if settings.pubsub.topic:
            topic, made = settings.pubsub.topic, list[pulumi.Resource]()
        else:
            topic, made = self._channel(found)
        sink = sdk("logging").ProjectSink(
            f"{name}-sink",
            name=id.fitted(names.SINK, "events"),
            project=settings.project,
            description=f"Audit events of the cluster {id.name} in {id.location}, for k8s-audit",
            destination=pulumi.Output.concat("pubsub.googleapis.com/", topic),
            filter=sink_filter(id),
            exclusions=[LEASES],
            unique_writer_identity=True,
            opts=self._after(*made),
        )
        writing = iam.give(
            f"{name}-writer", rights.WRITER, iam.Things(topic=topic), sink.writer_identity, self._options
        )
        if settings.data_access.log_types:
            GkeDataAccess(
                f"{name}-data-access",
                project=settings.project,
                types=sorted(settings.data_access.log_types),
                sink=sink.name,
                exempted_members=sorted(settings.data_access.exempted_members),
                timeout=settings.update_timeout,
                credentials=settings.credentials,
                impersonate_service_account=settings.impersonate_service_account,
                opts=self._after(sink, *writing),
            )
        self.sink, self.topic = sink.name, pulumi.Output.from_input(topic)

    def _channel(self, found: Cluster) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """Topic and subscription, those of the dead letters, and who may use them; the topic's path, and what must precede it."""
        settings, config = self._settings, self._settings.pubsub
        project = config.project or settings.project
        if not found.pool:
            raise CloudError(
                f"cluster {self._id.name} has no workload identity pool, by which the forwarder would prove who it is:"
                f" gcloud container clusters update {self._id.name} --location {settings.location}"
                f" --workload-pool {settings.project}.svc.id.goog"
            )
        agent = names.pubsub_agent(project_number(project, self._asking))
        key = iam.give(f"{self._name}-agent", rights.AGENT, iam.Things(key=config.kms_key), agent, self._options)
        topic = self._topic("events", "topic", pubsub.topic(config), key)
        dead = self._topic("dead-letters", "dead-letter", pubsub.topic(config, rewindable=False), key)
        subscription = self._subscription("events", "subscription", topic, pubsub.subscription(config, dead.id))
        rest = self._subscription("dead-letters", "dead-letter-subscription", dead, pubsub.dead_letters(config))
        things = iam.Things(subscription=subscription, dead_letter_topic=dead.id)
        reader = self._reader(found)
        given = [
            *iam.give(f"{self._name}-agent", rights.AGENT, things, agent, self._options),
            *iam.give(f"{self._name}-reader", rights.READER, things, reader, self._options),
        ]
        self.subscription, self.dead_letter_topic, self.reader = subscription.name, dead.name, reader
        return topic.id, [subscription, rest, *given]

    def _topic(self, part: str, suffix: str, inputs: pubsub.Inputs, after: Sequence[pulumi.Resource]) -> Any:
        config = self._settings.pubsub
        return sdk("pubsub").Topic(
            f"{self._name}-{suffix}",
            name=self._id.fitted(names.TOPIC, part),
            project=config.project or self._settings.project,
            labels=self._settings.labels,
            **inputs,
            opts=self._after(*after),
        )

    def _subscription(self, part: str, suffix: str, topic: Any, inputs: pubsub.Inputs) -> Any:
        return sdk("pubsub").Subscription(
            f"{self._name}-{suffix}",
            name=self._id.fitted(names.SUBSCRIPTION, part),
            project=topic.project,
            topic=topic.id,
            labels=self._settings.labels,
            **inputs,
            opts=self._options,
        )

    def _reader(self, found: Cluster) -> pulumi.Output[str]:
        """Who the forwarder is to IAM."""
        settings, pod = self._settings, self._pod
        if settings.identity == "workload-identity":
            number = project_number(settings.project, self._asking)
            return pulumi.Output.from_input(names.principal(number, found.pool, *pod))
        account = sdk("serviceaccount").Account(
            f"{self._name}-account",
            account_id=self._id.fitted(names.ACCOUNT, "fwd"),
            project=settings.project,
            display_name=f"k8s-audit forwarder of {self._id.name}",
            opts=self._options,
        )
        member = names.impersonator(found.pool, *pod)
        things = iam.Things(account=account.name)
        iam.give(f"{self._name}-identity", rights.IMPERSONATION, things, member, self._options)
        self.service_account = account.email
        return pulumi.Output.concat("serviceAccount:", account.email)

    def _admit(self, found: Cluster, ports: list[int]) -> None:
        """Private nodes let their control plane in to 443 and 10250 alone; others are reached through a tunnel."""
        if not ports or not found.private:
            return
        settings, said = self._settings, self._settings.firewall
        rules: list[dict[str, Any]] = []
        if not (said.control_plane_ranges and said.node_tags):
            session = Access(settings.credentials, settings.impersonate_service_account).session()
            rules = firewall.own_rules(session, self._id, found.network)
        way = firewall.way(self._id, found, rules, said.control_plane_ranges, said.node_tags)
        sdk("compute").Firewall(
            f"{self._name}-receiver-ports",
            name=self._id.fitted(names.FIREWALL, "receivers"),
            project=firewall.network_project(found.network),
            network=found.network,
            description=f"the control plane of {self._id.name} calls webhooks",
            direction="INGRESS",
            source_ranges=sorted(way.ranges),
            target_tags=sorted(way.tags),
            allows=[{"protocol": "tcp", "ports": [str(int(port)) for port in sorted(ports)]}],
            opts=self._options,
        )

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))
