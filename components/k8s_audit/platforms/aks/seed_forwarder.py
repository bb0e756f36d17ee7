"""`forwarder: sysdig`: the seed's way from the hub to the receiver, for those who run it today.

A storage account for its place in the hub, and the Deployment `aks-audit-log-forwarder`. It makes no Service: the agent's own is never
touched, neither here nor by `destroy`. Other than the seed's script, it may read the hub alone, and its strings lie in a Secret.
"""

from typing import Any, TypedDict

import pulumi

from k8s_audit.config.forwarder_kinds import SysdigForwarder
from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.platforms.aks import names, seed_objects
from k8s_audit.platforms.aks.sdk import sdk
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.receivers.helm.release import namespace, secret
from k8s_audit.receivers.kubernetes import sdk as kubernetes


class AksSeedForwarderArgs(TypedDict):
    """What AksSeedForwarder needs."""

    config: SysdigForwarder
    platform: AksPlatform
    cluster: str
    location: str
    hub: pulumi.Input[str]
    connection_string: pulumi.Input[str]
    endpoint: ReceiverArgs


class AksSeedForwarder(pulumi.ComponentResource):
    """The seed's forwarder: storage account and container, Secret, Deployment."""

    storage_account: pulumi.Output[str]
    """The storage account's name."""

    def __init__(self, name: str, args: AksSeedForwarderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the component's name.
            args: see AksSeedForwarderArgs.
            opts: Pulumi's; `providers` has Azure's and the cluster's.

        Raises:
            ToolError: the extra `azure` or `kubernetes` is not installed.
        """
        super().__init__("k8s-audit:index:AksSeedForwarder", name, {}, opts)
        self._name, config = name, args["config"]
        options = pulumi.ResourceOptions(parent=self)
        account, container, connection = self._storage(args, options)
        inside = options
        if config.create_namespace:
            room = namespace(name, config.namespace, "baseline", options)
            inside = pulumi.ResourceOptions(parent=self, depends_on=[room])
        strings = secret(
            f"{name}-strings",
            config.namespace,
            {seed_objects.HUB_KEY: args["connection_string"], seed_objects.STORAGE_KEY: connection},
            inside,
        )
        seed, url = args["platform"].seed, args["endpoint"]["url"]
        kubernetes("apps.v1").Deployment(
            f"{name}-deployment",
            metadata={"name": seed_objects.NAME, "namespace": config.namespace, "labels": seed_objects.LABELS},
            spec=seed_objects.deployment(seed, config.workload, args["hub"], url, strings.metadata.name),
            opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[container])),
        )
        self.storage_account = account.name
        self.register_outputs({"storageAccount": self.storage_account})

    def _storage(
        self, args: AksSeedForwarderArgs, options: pulumi.ResourceOptions
    ) -> tuple[Any, Any, pulumi.Output[str]]:
        """Where it keeps its place: the account, its container, and the account's string, which is a secret."""
        platform, storage = args["platform"], sdk("storage")
        group = platform.hubs_resource_group or platform.resource_group
        home = names.Home(platform.subscription_id, platform.resource_group, args["cluster"])
        account = storage.StorageAccount(
            f"{self._name}-storage",
            account_name=platform.seed.storage_account or names.storage_account(home),
            resource_group_name=group,
            location=args["location"],
            kind="StorageV2",
            sku={"name": platform.seed.storage_sku},
            allow_blob_public_access=False,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            tags=platform.tags,
            opts=options,
        )
        container = storage.BlobContainer(
            f"{self._name}-container",
            account_name=account.name,
            container_name=platform.seed.container,
            resource_group_name=group,
            opts=options,
        )
        keys = storage.list_storage_account_keys_output(
            account_name=account.name, resource_group_name=group, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        suffix = names.STORAGE_SUFFIXES[platform.environment]
        parts: pulumi.Output[dict[str, str]] = pulumi.Output.all(
            name=account.name, key=keys.apply(lambda found: found.keys[0].value)
        )
        connection: pulumi.Output[str] = parts.apply(lambda known: names.storage_string(**known, suffix=suffix))
        return account, container, pulumi.Output.secret(connection)
