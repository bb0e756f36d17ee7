"""Every role in Google Cloud that we give, and every permission that we need, each with what needs it, as data.

What a role allows: https://cloud.google.com/iam/docs/roles-permissions/pubsub. Bento's calls: its
`internal/impl/gcp/{input,output}_pubsub.go`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Grant:
    """One role, on one thing.

    Args:
        role: of Google's own, never a basic one.
        on: the kind of thing on which it is given, such as `topic`.
        needed_by: what makes the calls.
    """

    role: str
    on: str
    needed_by: str


@dataclass(frozen=True)
class Right:
    """One permission.

    Args:
        permission: `service.thing.verb`, never with a wildcard.
        on: the kind of thing on which it is needed.
        needed_by: what makes the call.
    """

    permission: str
    on: str
    needed_by: str


WRITER = (
    Grant("roles/pubsub.publisher", "topic", "Cloud Logging, for each entry that the sink's filter lets through"),
)
"""Of the sink's own writer identity."""
READER = (
    Grant("roles/pubsub.subscriber", "subscription", "Bento's gcp_pubsub input, to pull and acknowledge"),
    Grant("roles/pubsub.publisher", "dead-letter topic", "Bento's gcp_pubsub output, for what no receiver takes"),
    Grant(
        "roles/pubsub.viewer",
        "dead-letter topic",
        "Bento's gcp_pubsub output asks whether the topic is there before it publishes",
    ),
)
"""Of the forwarder."""
AGENT = (
    Grant(
        "roles/pubsub.subscriber", "subscription", "Pub/Sub itself, to acknowledge what it moved to the dead letters"
    ),
    Grant("roles/pubsub.publisher", "dead-letter topic", "Pub/Sub itself, to move there what was delivered too often"),
    Grant("roles/cloudkms.cryptoKeyEncrypterDecrypter", "key", "Pub/Sub itself, where kmsKey is set"),
)
"""Of Pub/Sub's own service agent."""
IMPERSONATION = (
    Grant("roles/iam.workloadIdentityUser", "service account", "the forwarder, where identity is service-account"),
)
"""Of the forwarder's Kubernetes service account."""
BRIDGE = (
    Grant(
        "roles/logging.viewer",
        "project",
        "stackdriver-webhook-bridge, to poll the project's logs; only with forwarder: sysdig",
    ),
)
"""Of the seed's forwarder."""
PREVIEW = (
    Right("container.clusters.get", "cluster", "the lookup of the cluster's network, endpoint and identity pool"),
    Right(
        "resourcemanager.projects.get", "project", "the lookup of the numbers of the cluster's and the topic's project"
    ),
    Right(
        "compute.firewalls.list",
        "network's project",
        "the lookup of GKE's own rule, where receiver ports are let in to private nodes",
    ),
)
"""Of whoever runs a preview. `verify` asks the cluster alone, by its kubeconfig."""
UP = (
    Right("resourcemanager.projects.getIamPolicy", "project", "GkeDataAccess, unless dataAccess is false"),
    Right("resourcemanager.projects.setIamPolicy", "project", "GkeDataAccess, to change the audit configuration alone"),
    Right("logging.sinks.create", "project", "ProjectSink"),
    Right("logging.sinks.get", "project", "ProjectSink"),
    Right(
        "logging.sinks.list", "project", "GkeDataAccess, before it switches off what another cluster's sink lives of"
    ),
    Right("logging.sinks.update", "project", "ProjectSink"),
    Right("logging.sinks.delete", "project", "ProjectSink"),
    Right("pubsub.topics.create", "topics' project", "Topic"),
    Right("pubsub.topics.get", "topics' project", "Topic"),
    Right("pubsub.topics.update", "topics' project", "Topic"),
    Right("pubsub.topics.delete", "topics' project", "Topic"),
    Right("pubsub.topics.attachSubscription", "topics' project", "Subscription"),
    Right("pubsub.topics.getIamPolicy", "topics' project", "TopicIAMMember"),
    Right("pubsub.topics.setIamPolicy", "topics' project", "TopicIAMMember"),
    Right("pubsub.subscriptions.create", "topics' project", "Subscription"),
    Right("pubsub.subscriptions.get", "topics' project", "Subscription"),
    Right("pubsub.subscriptions.update", "topics' project", "Subscription"),
    Right("pubsub.subscriptions.delete", "topics' project", "Subscription"),
    Right("pubsub.subscriptions.getIamPolicy", "topics' project", "SubscriptionIAMMember"),
    Right("pubsub.subscriptions.setIamPolicy", "topics' project", "SubscriptionIAMMember"),
    Right("cloudkms.cryptoKeys.getIamPolicy", "key", "CryptoKeyIAMMember, where kmsKey is set"),
    Right("cloudkms.cryptoKeys.setIamPolicy", "key", "CryptoKeyIAMMember, where kmsKey is set"),
    Right("iam.serviceAccounts.create", "project", "Account, where identity is service-account"),
    Right("iam.serviceAccounts.get", "project", "Account, where identity is service-account"),
    Right("iam.serviceAccounts.update", "project", "Account, where identity is service-account"),
    Right("iam.serviceAccounts.delete", "project", "Account, where identity is service-account"),
    Right("iam.serviceAccounts.getIamPolicy", "service account", "IAMMember, where identity is service-account"),
    Right("iam.serviceAccounts.setIamPolicy", "service account", "IAMMember, where identity is service-account"),
    Right("iam.serviceAccountKeys.create", "service account", "Key, only with forwarder: sysdig"),
    Right("iam.serviceAccountKeys.get", "service account", "Key, only with forwarder: sysdig"),
    Right("iam.serviceAccountKeys.delete", "service account", "Key, only with forwarder: sysdig"),
    Right("compute.firewalls.create", "network's project", "Firewall, for private nodes"),
    Right("compute.firewalls.get", "network's project", "Firewall, for private nodes"),
    Right("compute.firewalls.update", "network's project", "Firewall, for private nodes"),
    Right("compute.firewalls.delete", "network's project", "Firewall, for private nodes"),
    Right("compute.networks.updatePolicy", "network's project", "Firewall, for private nodes"),
)
"""Of whoever runs `up` and `destroy`, beside those of a preview. Those of Pulumi's own resources are from its provider's
source and not tried: no project of Google Cloud's was at hand."""
