"""Names in Azure: what each service allows, the same at each run, and different for each cluster.

Limits: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules
"""

import hashlib
import re
from dataclasses import dataclass

from k8s_audit.platforms.names import DIGEST, PREFIX

NAMESPACE, HUB, RULE, SECURITY_RULE = 50, 256, 50, 80
"""Characters that a name may have: of Event Hubs, a hub, a rule of a hub or namespace, a rule of a security group."""
STORAGE_ACCOUNT = 24
PLAIN_PREFIX = "k8saudit"
KAFKA_PORT = 9093
"""https://learn.microsoft.com/en-us/azure/event-hubs/azure-event-hubs-apache-kafka-overview"""
SEED_HUB = "insights-logs-kube-audit"
"""The seed's."""
SUFFIXES = {
    "public": "servicebus.windows.net",
    "usgovernment": "servicebus.usgovcloudapi.net",
    "china": "servicebus.chinacloudapi.cn",
}
"""Of a namespace's address in each of Azure's clouds: `az cloud list`."""
STORAGE_SUFFIXES = {
    "public": "core.windows.net",
    "usgovernment": "core.usgovcloudapi.net",
    "china": "core.chinacloudapi.cn",
}


@dataclass(frozen=True)
class Home:
    """What tells a cluster from all others of Azure's.

    Args:
        subscription: its ID.
        resource_group: the cluster's.
        cluster: its name.
    """

    subscription: str
    resource_group: str
    cluster: str

    @property
    def digest(self) -> str:
        """Of all three; Azure's names do not tell capitals from small letters."""
        whole = f"{self.subscription}/{self.resource_group}/{self.cluster}".lower()
        return hashlib.sha256(whole.encode()).hexdigest()[:DIGEST]


def fitted(limit: int, home: Home, part: str = "") -> str:
    """`k8s-audit-<cluster>-<part>-<digest>`, the cluster's name cut where the limit asks for it.

    The digest makes it unique among all of Azure's customers, as the name of a namespace must be.

    Args:
        limit: characters that the name may have.
        home: the cluster.
        part: what it is the name of, such as `events`; empty: the cluster's one.
    """
    end = f"-{part}-{home.digest}" if part else f"-{home.digest}"
    room = limit - len(f"{PREFIX}-{end}")
    cluster = re.sub("-+", "-", home.cluster.lower().replace("_", "-"))
    return f"{PREFIX}-{cluster[:room].rstrip('-')}{end}"


def storage_account(home: Home) -> str:
    """`k8saudit<cluster><digest>`: small letters and digits only."""
    room = STORAGE_ACCOUNT - len(PLAIN_PREFIX) - DIGEST
    return f"{PLAIN_PREFIX}{re.sub('[^a-z0-9]', '', home.cluster.lower())[:room]}{home.digest}"


def broker(namespace: str, environment: str) -> str:
    """Where a namespace speaks Kafka.

    Args:
        namespace: its name.
        environment: which of Azure's clouds, a key of SUFFIXES.
    """
    return f"{namespace}.{SUFFIXES[environment]}:{KAFKA_PORT}"


def storage_string(name: str, key: str, suffix: str) -> str:
    """A storage account's connection string (https://learn.microsoft.com/en-us/azure/storage/common/storage-configure-connection-string).

    Args:
        name: the account's.
        key: one of its two.
        suffix: of its cloud, a value of STORAGE_SUFFIXES.
    """
    return f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey={key};EndpointSuffix={suffix}"
