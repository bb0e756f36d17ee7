"""A stack of kind aks by the real engine: its hubs are topics of a real Kafka (kfake), with fakes of Azure's API and of Pulumi's plugin in front."""

from collections.abc import Callable, Iterator

import pytest

from tests.engine.aks_cloud import GROUP, Azure, on, serving, text
from tests.project import Project
from tests.standins.azure_cloud import CENTRAL

BAD = {
    "": "cluster nowhere in resource group prod: ResourceNotFound: The Resource",
    ", clusterName: prod-2, eventHubs: {existing: {namespace: not-there}}": "Event Hubs namespace not-there in resource group prod",
}


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with serving(tmp_path_factory.mktemp("kafka")) as azure:
        yield azure


@pytest.fixture
def stack(new_project: Callable[..., Project], azure: Azure) -> Callable[..., Project]:
    """Makes a project for a cluster; it can be written again with other settings."""

    def make(cluster: str, settings: str = "", **more: str) -> Project:
        project = new_project(text(cluster, settings, **more))
        project.variables |= {"PULUMI_DEBUG_PROVIDERS": azure.plugin}
        return project

    return make


def test_it_comes_stays_is_mended_changes_and_leaves_nothing(stack: Callable[..., Project], azure: Azure) -> None:
    name = azure.cluster("prod-1")
    before = azure.left(), azure.topics.partitions()
    project = stack(name)
    assert "+ 7 to create" in project.run("preview").stdout
    assert (azure.left(), azure.topics.partitions()) == before
    project.up()
    outputs = project.outputs()
    namespace = f"{GROUP}/Microsoft.EventHub/namespaces/{outputs['eventHubsNamespace']}"
    assert outputs["apiServer"] == "https://prod-1.hcp.westeurope.azmk8s.io:443"
    assert azure.topics.partitions()[outputs["eventHub"]] == 4
    assert on(azure.setting(name)) == {"kube-audit"}
    assert len(azure.setting(name)["properties"]["logs"]) > 1, "Azure returns those that are off"
    project.up("--expect-no-changes")
    project.run("preview", "--refresh", "--expect-no-changes")

    setting, grown = azure.setting(name), azure.get(namespace)
    off = [log | {"enabled": log["category"] == "guard"} for log in setting["properties"]["logs"]]
    azure.put(setting["id"], {"properties": setting["properties"] | {"logs": off}})
    azure.put(namespace, grown | {"sku": grown["sku"] | {"capacity": 3}})
    project.up("--refresh")
    assert on(azure.setting(name)) == {"kube-audit"}
    assert azure.get(namespace)["sku"]["capacity"] == 3, "Azure's own doing: it grows with the load"

    project.write(text(name, ", category: kube-audit-admin, eventHubs: {retentionDays: 7, maximumThroughputUnits: 9}"))
    project.up()
    assert on(azure.setting(name)) == {"kube-audit-admin"}
    assert azure.get(namespace)["sku"]["capacity"] == 3
    hub = azure.get(f"{namespace}/eventhubs/{outputs['eventHub']}")
    assert hub["properties"]["messageRetentionInDays"] == 7
    project.up("--expect-no-changes")
    project.destroy()
    project.is_down = True
    assert (azure.left(), azure.topics.partitions()) == before


def test_a_fleet_writes_into_one_hub_of_another_subscription(stack: Callable[..., Project], azure: Azure) -> None:
    name = azure.cluster("of-a-fleet")
    namespace = f"/subscriptions/{CENTRAL}/resourceGroups/audit/providers/Microsoft.EventHub/namespaces/audit-central"
    azure.put(namespace, {"location": "westeurope", "sku": {"name": "Standard"}})
    hub = {"partitionCount": 4, "retentionDescription": {"retentionTimeInHours": 24}}
    azure.put(f"{namespace}/eventhubs/fleet", {"properties": hub})
    before = azure.left()
    existing = f"{{namespace: audit-central, subscriptionId: {CENTRAL}, resourceGroup: audit, hub: fleet}}"
    project = stack(name, f", eventHubs: {{existing: {existing}}}")
    project.up()
    made = [id for id in azure.left() if id not in before]
    assert [id.rpartition("/")[0].rpartition("/")[2] for id in made] == ["diagnosticSettings", "authorizationRules"]
    assert made[1].startswith(namespace)
    assert azure.setting(name)["properties"]["eventHubName"] == "fleet"
    project.destroy()
    project.is_down = True
    assert azure.left() == before


def test_bad_input_is_one_message_before_anything_is_made(stack: Callable[..., Project], azure: Azure) -> None:
    azure.cluster("prod-2")
    before = azure.left()
    project = stack("nowhere")
    for given, said in BAD.items():
        project.write(text("nowhere", given))
        failed = project.up(check=False)
        assert failed.returncode
        assert said in failed.stdout
    project.write(text("prod-2", subscription="00000000-0000-4000-8000-000000000009"))
    assert "cluster prod-2 in resource group prod: SubscriptionNotFound" in project.up(check=False).stdout
    project.is_down = True
    assert azure.left() == before
