"""A stack of kind gke by the real engine: topics are on Google's own pstest, the rest of Google Cloud is a small server of its APIs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.project import Project
from tests.standins import gcp_cloud
from tests.standins.gcp_plugin import attached
from tests.standins.pubsub import PubSub, running

PROJECT, LOCATION, CENTRAL = "payments", "europe-west1", "projects/security/topics/k8s-audit"
STACK = """\
config:
  audit:cluster: {{name: {cluster}}}
  audit:platform: {{kind: gke, project: {project}, location: europe-west1{settings}}}
  audit:forwarder: none
"""
PROGRAM = """\
import json
import pulumi
from k8s_audit import GkeAudit
from pulumi_gcp import Provider

given = json.load(open("given.json"))
provider = Provider("google", project=given["settings"]["project"])
audit = GkeAudit("prod-1", given, pulumi.ResourceOptions(providers=[provider]))
for output in ("sink", "topic", "subscription", "dead_letter_topic", "reader"):
    pulumi.export(output, getattr(audit, output))
"""


@dataclass
class Cloud:
    """Google Cloud, as a test asks it."""

    url: str
    pubsub: PubSub
    plugin: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        token = {"Authorization": "Bearer of-a-test"}
        answer = httpx.request(method, f"{self.url}/v1/{path}", json=body, headers=token, trust_env=False)
        return answer.raise_for_status().json()

    def variables(self) -> dict[str, str]:
        return gcp_cloud.variables(self.url) | {"PULUMI_DEBUG_PROVIDERS": self.plugin}

    def cluster(self, name: str, project: str = PROJECT, **more: Any) -> str:
        """Make one that no stack owns."""
        body = {
            "name": name,
            "endpoint": "192.0.2.7",
            "networkConfig": {"network": f"projects/{project}/global/networks/default"},
            "workloadIdentityConfig": {"workloadPool": f"{project}.svc.id.goog"},
            **more,
        }
        self.ask("POST", f"projects/{project}/locations/{LOCATION}/clusters", body)
        return name

    def audited(self, project: str = PROJECT) -> dict[str, Any]:
        """The project's audit configuration: by service, the types, and whom each exempts."""
        configs = self.ask("POST", f"projects/{project}:getIamPolicy").get("auditConfigs", [])
        return {
            one["service"]: {log["logType"]: log.get("exemptedMembers", []) for log in one["auditLogConfigs"]}
            for one in configs
        }

    def audit(self, project: str, **services: dict[str, list[str]]) -> None:
        """Set a project's audit configuration, as somebody else does."""
        policy = self.ask("POST", f"projects/{project}:getIamPolicy")
        policy["auditConfigs"] = [
            {
                "service": service,
                "auditLogConfigs": [{"logType": kind, "exemptedMembers": members} for kind, members in types.items()],
            }
            for service, types in services.items()
        ]
        self.ask("POST", f"projects/{project}:setIamPolicy", {"policy": policy, "updateMask": "auditConfigs,etag"})

    def members(self, path: str) -> set[tuple[str, str]]:
        """Who has which role on a thing."""
        bindings = self.ask("POST", f"{path}:getIamPolicy").get("bindings", [])
        return {(one["role"], member) for one in bindings for member in one["members"]}

    def number(self, project: str) -> str:
        found: str = self.ask("GET", f"projects/{project}")["projectNumber"]
        return found

    def left(self, project: str = PROJECT) -> list[str]:
        """All that a stack makes in a project."""
        return [
            *(topic.name for topic in self.pubsub.publisher.list_topics(project=f"projects/{project}")),
            *(each.name for each in self.pubsub.subscriber.list_subscriptions(project=f"projects/{project}")),
            *(sink["name"] for sink in self.ask("GET", f"projects/{project}/sinks").get("sinks", [])),
            *(rule["name"] for rule in self.ask("GET", f"projects/{project}/global/firewalls").get("items", [])),
            *(one["email"] for one in self.ask("GET", f"projects/{project}/serviceAccounts").get("accounts", [])),
        ]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with gcp_cloud.running() as url, running() as pubsub, attached(url, pubsub.address) as plugin:
        yield Cloud(url, pubsub, plugin)


@pytest.fixture
def stack(new_project: Callable[..., Project], cloud: Cloud) -> Callable[..., Project]:
    """Makes a project whose stack file is for a cluster."""

    def make(cluster: str, settings: str = "", project: str = PROJECT) -> Project:
        made = new_project(STACK.format(cluster=cluster, settings=settings, project=project))
        made.variables |= cloud.variables()
        return made

    return make


@pytest.fixture
def program(new_project: Callable[..., Project], cloud: Cloud) -> Callable[..., Project]:
    """Makes a project whose program is of a team's own, and has the component alone."""

    def make(cluster: str, settings: dict[str, Any], project: str = PROJECT) -> Project:
        made = new_project("config: {}\n")
        (made.folder / "__main__.py").write_text(PROGRAM)
        made.variables |= cloud.variables()
        give(made, cluster, settings, project)
        return made

    return make


def give(project: Project, cluster: str, settings: dict[str, Any], id: str = PROJECT) -> None:
    """What the program reads."""
    where = {"project": id, "location": LOCATION}
    (project.folder / "given.json").write_text(json.dumps({"cluster": cluster, "settings": where | settings}))


def destroy(project: Project) -> str:
    """Destroy it; the fixture need not do it again."""
    project.is_down = True
    return project.destroy().stdout


def test_it_comes_stays_changes_and_leaves_nothing(program: Callable[..., Project], cloud: Cloud) -> None:
    name = cloud.cluster("prod-1")
    cloud.audit(
        PROJECT, **{"storage.googleapis.com": {"DATA_READ": []}, "container.googleapis.com": {"DATA_WRITE": []}}
    )
    before, audited = cloud.left(), cloud.audited()
    project = program(name, {})
    previewed = project.run("preview").stdout
    assert "+ 15 to create" in previewed
    assert "data access logs are the whole project's" in previewed
    assert (cloud.left(), cloud.audited()) == (before, audited)
    assert "DATA_WRITE is logged already: left as it is" in project.up().stdout
    assert cloud.audited() == audited | {
        "container.googleapis.com": {"ADMIN_READ": [], "DATA_READ": [], "DATA_WRITE": []}
    }
    project.up("--expect-no-changes")
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    give(project, name, {"labels": {"team": "security"}, "pubsub": {"retentionDays": 3, "maxDeliveryAttempts": 50}})
    project.up()
    told = cloud.pubsub.subscriber.get_subscription(
        subscription=f"projects/{PROJECT}/subscriptions/{project.outputs()['subscription']}"
    )
    assert told.message_retention_duration.days == 3
    assert told.dead_letter_policy.max_delivery_attempts == 50
    assert dict(told.labels) == {"team": "security"}

    destroy(project)
    assert (cloud.left(), cloud.audited()) == (before, audited)


def test_who_may_do_what_and_what_is_sent_are_exact(program: Callable[..., Project], cloud: Cloud) -> None:
    project_id = "exact-rights"
    name = cloud.cluster("prod-1", project_id)
    key = f"projects/{project_id}/locations/europe-west1/keyRings/ring/cryptoKeys/audit"
    settings = {
        "pubsub": {"kmsKey": key, "regions": ["europe-west1"], "topicRetentionDays": 1},
        "dataAccess": {"logTypes": ["DATA_READ"], "exemptedMembers": ["user:a@example.com"]},
    }
    project = program(name, settings, project_id)
    project.up()
    outputs, number = project.outputs(), cloud.number(project_id)
    agent = f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    reader = (
        f"principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{project_id}.svc.id.goog"
        "/subject/ns/k8s-audit/sa/k8s-audit-forwarder"
    )
    sink = cloud.ask("GET", f"projects/{project_id}/sinks/{outputs['sink']}")
    assert sink["destination"] == f"pubsub.googleapis.com/{outputs['topic']}"
    assert f'resource.labels.cluster_name="{name}"' in sink["filter"]
    assert cloud.members(outputs["topic"]) == {("roles/pubsub.publisher", sink["writerIdentity"])}
    dead = f"projects/{project_id}/topics/{outputs['dead_letter_topic']}"
    assert cloud.members(dead) == {
        ("roles/pubsub.publisher", agent),
        ("roles/pubsub.publisher", reader),
        ("roles/pubsub.viewer", reader),
    }
    subscription = f"projects/{project_id}/subscriptions/{outputs['subscription']}"
    assert cloud.members(subscription) == {("roles/pubsub.subscriber", agent), ("roles/pubsub.subscriber", reader)}
    assert cloud.members(key) == {("roles/cloudkms.cryptoKeyEncrypterDecrypter", agent)}
    assert cloud.audited(project_id) == {"container.googleapis.com": {"DATA_READ": ["user:a@example.com"]}}

    cloud.audit(project_id, **{"container.googleapis.com": {"DATA_READ": ["user:intruder@example.com"]}})
    project.up("--refresh")
    assert cloud.audited(project_id)["container.googleapis.com"] == {"DATA_READ": ["user:a@example.com"]}


def test_a_cluster_of_a_fleet_joins_a_central_topic(stack: Callable[..., Project], cloud: Cloud) -> None:
    central = cloud.pubsub.publisher.create_topic(name=CENTRAL).name
    project_id = "fleet-member"
    settings = f", dataAccess: false, pubsub: {{topic: {central}}}"
    project = stack(cloud.cluster("edge-7", project_id), settings, project_id)
    assert "+ 5 created" in project.up().stdout
    sink = cloud.ask("GET", f"projects/{project_id}/sinks/{project.outputs()['sink']}")
    assert cloud.members(central) == {("roles/pubsub.publisher", sink["writerIdentity"])}
    assert cloud.audited(project_id) == {}
    destroy(project)
    assert cloud.members(central) == set()


def test_a_private_cluster_lets_its_control_plane_in_and_another_clusters_sink_keeps_the_projects_data_access_on(
    program: Callable[..., Project], cloud: Cloud
) -> None:
    project_id, network = "two-clusters", "projects/network-host/global/networks/shared"
    name = cloud.cluster(
        "prod-1", project_id, networkConfig={"network": network}, privateClusterConfig={"enablePrivateNodes": True}
    )
    rule = {
        "name": "gke-prod-1-0a1b2c3d-master",
        "network": f"https://www.googleapis.com/compute/v1/{network}",
        "sourceRanges": ["172.16.0.0/28"],
        "targetTags": ["gke-prod-1-0a1b2c3d-node"],
    }
    cloud.ask("POST", "projects/network-host/global/firewalls", rule)
    project = program(name, {"receiverPorts": [5000, 6443], "identity": "service-account"}, project_id)
    cloud.ask("POST", f"projects/{project_id}:busy", {"times": 2})
    project.up()
    rules = cloud.ask("GET", "projects/network-host/global/firewalls")["items"]
    (made,) = (one for one in rules if one["name"] != rule["name"])
    assert made["network"] == network
    assert (made["sourceRanges"], made["targetTags"]) == (rule["sourceRanges"], rule["targetTags"])
    assert made["allowed"] == [{"IPProtocol": "tcp", "ports": ["5000", "6443"]}]
    email = project.outputs()["reader"].removeprefix("serviceAccount:")
    member = f"serviceAccount:{project_id}.svc.id.goog[k8s-audit/k8s-audit-forwarder]"
    account = f"projects/{project_id}/serviceAccounts/{email}"
    assert cloud.members(account) == {("roles/iam.workloadIdentityUser", member)}

    cloud.ask("POST", f"projects/{project_id}/sinks", {"name": "k8s-audit-two-events-0a1b2c3d", "destination": ""})
    assert "stay logged, for the sink k8s-audit-two-events-0a1b2c3d" in destroy(project)
    assert cloud.audited(project_id)["container.googleapis.com"].keys() == {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
    assert cloud.left(project_id) == ["k8s-audit-two-events-0a1b2c3d"]


def test_a_cluster_that_is_not_there_is_one_message(stack: Callable[..., Project]) -> None:
    failed = stack("nowhere", f", pubsub: {{topic: {CENTRAL}}}").up(check=False)
    assert failed.returncode
    assert "cluster nowhere: projects/payments/locations/europe-west1/clusters/nowhere not found" in failed.stdout


def test_a_region_without_the_service_fails_where_it_is_needed_and_nothing_is_logged(
    program: Callable[..., Project], cloud: Cloud
) -> None:
    audited = cloud.audited()
    failed = program(cloud.cluster("far"), {"pubsub": {"regions": ["mars-north1"]}}).up(check=False)
    assert failed.returncode
    assert "Cloud Pub/Sub is not available in mars-north1" in failed.stdout
    assert cloud.audited() == audited
