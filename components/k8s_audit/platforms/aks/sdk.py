"""Pulumi's Azure SDK, an extra of the wheel; the providers of an AKS stack, and what they are asked before anything is made.

Two of its modules take half a second each to load, which each preview would pay; what they wrap is said here by its token instead.
"""

import re
from dataclasses import dataclass
from typing import Any

import pulumi

from k8s_audit.config.platforms.aks import AksPlatform
from k8s_audit.errors import CloudError, ToolError
from k8s_audit.extras import sdk_module

MISSING = "platform aks needs pulumi-azure-native: pip install 'k8s-audit[azure]'"
UNUSABLE = ("Creating", "Deleting", "Canceled")
"""States of a cluster in which it takes no diagnostic setting, or has no API server."""
CLUSTER, SETTING = "azure-native:containerservice:getManagedCluster", "azure-native:monitor:DiagnosticSetting"
CODE = re.compile(r'Code="(\w+)" Message="((?:[^"\\]|\\.)*)"')
"""As Pulumi's plugin writes an error of the API."""
RESPONSE, MESSAGE = re.compile(r"ERROR CODE: (\w+)"), re.compile(r'"message": ?"((?:[^"\\]|\\.)*)"')
"""As the SDK below it does (https://pkg.go.dev/github.com/Azure/azure-sdk-for-go/sdk/azcore#ResponseError)."""


def sdk(module: str) -> Any:
    """A module of pulumi_azure_native, such as `eventhub`; loaded when it is first needed, since it is very large.

    Raises:
        ToolError: the extra is not installed.
    """
    return sdk_module("pulumi_azure_native", module, MISSING)


@dataclass(frozen=True)
class Cluster:
    """What is looked up of a cluster.

    Args:
        id: its resource ID.
        endpoint: the API server's URL.
        location: its region.
        vnet_integration: whether its API server has a subnet of the user's network.
    """

    id: str
    endpoint: str
    location: str
    vnet_integration: bool


def cluster(name: str, resource_group: str, options: pulumi.InvokeOptions) -> Cluster:
    """Look a cluster up at once, so that one that is not there stops all before anything is made.

    Args:
        name: the cluster's.
        resource_group: the cluster's.
        options: whose provider asks, and so in which subscription.

    Raises:
        CloudError: it is not there, not running, or may not be read.
    """
    where = f"cluster {name} in resource group {resource_group}"
    asked = {"resourceGroupName": resource_group, "resourceName": name}
    found = _asked(where, lambda: pulumi.runtime.invoke(CLUSTER, asked, options).value)
    if found.get("provisioningState") in UNUSABLE:
        raise CloudError(f"{where}: its state is {found['provisioningState']}; it must be there and stay")
    if (found.get("powerState") or {}).get("code") == "Stopped":
        raise CloudError(f"{where}: it is stopped; `az aks start --resource-group {resource_group} --name {name}`")
    return Cluster(
        found["id"],
        f"https://{found.get('privateFQDN') or found['fqdn']}:443",
        found["location"],
        bool((found.get("apiServerAccessProfile") or {}).get("enableVnetIntegration")),
    )


def diagnostic_setting(name: str, properties: dict[str, Any], options: pulumi.ResourceOptions) -> pulumi.CustomResource:
    """Register one.

    Args:
        name: of the resource.
        properties: as the schema spells them (https://www.pulumi.com/registry/packages/azure-native/api-docs/monitor/diagnosticsetting/).
        options: Pulumi's.
    """
    version = sdk("_utilities").get_version()
    return pulumi.CustomResource(
        SETTING, name, properties, pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(version=version))
    )


def namespace_location(name: str, resource_group: str, options: pulumi.InvokeOptions) -> str:
    """The region of a namespace of Event Hubs that is there already; looked up at once.

    Raises:
        CloudError: it is not there, knows no Kafka, takes no keys, or may not be read.
    """
    where = f"Event Hubs namespace {name} in resource group {resource_group}"
    hubs = sdk("eventhub")
    found = _asked(where, lambda: hubs.get_namespace(name, resource_group, opts=options))
    if found.sku and found.sku.name == "Basic":
        raise CloudError(f"{where}: its sku is Basic, which knows no Kafka; Standard or Premium is needed")
    if found.disable_local_auth:
        raise CloudError(f"{where}: it takes no keys (disableLocalAuth), and Azure Monitor writes with one")
    location: str = found.location
    return location


def same_region(one: str, other: str) -> bool:
    """Whether two spellings, such as `West Europe` and `westeurope`, are one region."""
    return one.replace(" ", "").lower() == other.replace(" ", "").lower()


def provider(platform: AksPlatform, name: str, subscription: str) -> Any:
    """A Pulumi provider for one subscription.

    Args:
        platform: whose tenant and cloud.
        name: the provider's.
        subscription: its ID.
    """
    return sdk("provider").Provider(
        name, subscription_id=subscription, tenant_id=platform.tenant_id, environment=platform.environment
    )


def _asked(where: str, ask: Any) -> Any:
    try:
        return ask()
    except ToolError:
        raise
    except Exception as error:  # the SDK's only kind for a refused invoke
        raise CloudError(f"{where}: {reason(str(error))}") from None


def reason(text: str) -> str:
    """What Azure says, without what the SDKs put around it: what was refused, to whom, on what."""
    if found := CODE.search(text):
        return f"{found[1]}: {found[2]}"
    code, message = RESPONSE.search(text), MESSAGE.search(text)
    if code:
        return f"{code[1]}: {message[1]}" if message else code[1]
    return " ".join(text.rpartition("returned an error: ")[2].split()) or "no reason given"
