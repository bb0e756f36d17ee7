"""AksSysdigForwarder: the seed's way from the hub to the receiver, for those who run it today.

A storage account for its place in the hub, and the Deployment `aks-audit-log-forwarder`. It makes no Service: the agent's own is never
touched, neither here nor by `destroy`. Other than the seed's script, it may read the hub alone, and its strings lie in a Secret.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.config.receivers.helm import WorkloadConfig
from k8s_audit.platforms.aks import names, seed_objects
from k8s_audit.platforms.aks.sdk import sdk
from k8s_audit.receivers.helm.release import namespace, secret
from k8s_audit.receivers.kubernetes import sdk as kubernetes


class AksSysdigForwarderArgs(TypedDict):
    """Arguments of AksSysdigForwarder."""

    cluster: str
    """The cluster's name."""
    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: its `seed`, and where the storage account is made."""
    location: pulumi.Input[str]
    """The cluster's region."""
    hub: pulumi.Input[str]
    """The hub that it reads."""
    connection_string: pulumi.Input[str]
    """With which it may; a secret."""
    url: pulumi.Input[str]
    """The receiver's. It sends neither credentials nor more than one event a request."""
    namespace: NotRequired[str]
    """Where its pod runs; default: `sysdig-agent`."""
    create_namespace: NotRequired[bool]
    """Make the namespace, and remove it on `destroy`; default: false."""
    workload: NotRequired[dict[str, Any]]
    """As `workload` of a receiver: registry, digest, pullSecrets, tolerations, nodeSelector, priorityClass."""


class AksSysdigForwarder(pulumi.ComponentResource):
    """The seed's forwarder of an AKS cluster: storage account, container, Secret, Deployment."""

    storage_account: pulumi.Output[str]
    """The storage account's name."""
    deployment: pulumi.Output[str]
    """The Deployment's name."""

    def __init__(self, name: str, args: AksSysdigForwarderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it.

        Args:
            name: the component's name.
            args: see AksSysdigForwarderArgs.
            opts: Pulumi's; `providers` has Azure's and the cluster's.

        Raises:
            ConfigError: the settings have faults.
            ToolError: the extra `azure` or `kubernetes` is not installed.
        """
        super().__init__("k8s-audit:index:AksSysdigForwarder", name, {}, opts)
        settings = judge(AksPlatform, "settings", {"kind": "aks", **args["settings"]})
        workload = judge(WorkloadConfig, "workload", args.get("workload", {}))
        self._name, self._settings = name, settings
        room = args.get("namespace", "sysdig-agent")
        options = pulumi.ResourceOptions(parent=self)
        account, container, connection = self._storage(args, options)
        inside = options
        if args.get("create_namespace", False):
            inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace(name, room, "baseline", options)])
        strings = secret(
            f"{name}-strings",
            room,
            {seed_objects.HUB_KEY: args["connection_string"], seed_objects.STORAGE_KEY: connection},
            inside,
        )
        placed = kubernetes("apps.v1").Deployment(
            f"{name}-deployment",
            metadata={"name": seed_objects.NAME, "namespace": room, "labels": seed_objects.LABELS},
            spec=seed_objects.deployment(settings.seed, workload, args["hub"], args["url"], strings.metadata.name),
            opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[container])),
        )
        self.storage_account, self.deployment = account.name, placed.metadata.name
        self.register_outputs({"storageAccount": self.storage_account, "deployment": self.deployment})

    def _storage(self, args: AksSysdigForwarderArgs, options: pulumi.ResourceOptions) -> tuple[Any, Any, Any]:
        """Where it keeps its place: the account, its container, and the account's string, which is a secret."""
        settings, storage = self._settings, sdk("storage")
        group = settings.hubs_resource_group or settings.resource_group
        home = names.Home(settings.subscription_id, settings.resource_group, args["cluster"])
        account = storage.StorageAccount(
            f"{self._name}-storage",
            account_name=settings.seed.storage_account or names.storage_account(home),
            resource_group_name=group,
            location=args["location"],
            kind="StorageV2",
            sku={"name": settings.seed.storage_sku},
            allow_blob_public_access=False,
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            tags=settings.tags,
            opts=options,
        )
        container = storage.BlobContainer(
            f"{self._name}-container",
            account_name=account.name,
            container_name=settings.seed.container,
            resource_group_name=group,
            opts=options,
        )
        keys = storage.list_storage_account_keys_output(
            account_name=account.name, resource_group_name=group, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        suffix = names.STORAGE_SUFFIXES[settings.environment]
        parts: pulumi.Output[dict[str, str]] = pulumi.Output.all(
            name=account.name, key=keys.apply(lambda found: found.keys[0].value)
        )
        connection: pulumi.Output[str] = parts.apply(lambda known: names.storage_string(**known, suffix=suffix))
        return account, container, pulumi.Output.secret(connection)
