"""A stack of kind gke by the real engine: topics are on Google's own pstest, the rest of Google Cloud is a small server of its APIs."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.gcp import LOCATION, PROJECT, Cloud, google
from tests.project import Project

CENTRAL = "projects/security/topics/k8s-audit"
Audited = dict[str, dict[str, list[str]]]
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


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with google() as made:
        yield made


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


def test_it_comes_stays_changes_is_mended_and_leaves_nothing(program: Callable[..., Project], cloud: Cloud) -> None:
    name, number = cloud.cluster("prod-1"), cloud.number(PROJECT)
    theirs: Audited = {
        "storage.googleapis.com": {"DATA_READ": []},
        "container.googleapis.com": {"DATA_WRITE": ["user:b@example.com"]},
    }
    cloud.audit(PROJECT, theirs)
    before, audited = cloud.left(), cloud.audited()
    key = f"projects/{PROJECT}/locations/europe-west1/keyRings/ring/cryptoKeys/audit"
    settings: dict[str, Any] = {"dataAccess": {"exemptedMembers": ["user:a@example.com"]}}
    pubsub = {"kmsKey": key, "regions": ["europe-west1"], "topicRetentionDays": 1}
    project = program(name, settings | {"pubsub": pubsub})
    previewed = project.run("preview").stdout
    assert "+ 16 to create" in previewed
    assert "data access logs are the whole project's" in previewed
    assert (cloud.left(), cloud.audited()) == (before, audited)
    assert "DATA_WRITE is logged already, but not for user:b@example.com: left as it is" in project.up().stdout
    ours: dict[str, list[str]] = {"ADMIN_READ": ["user:a@example.com"], "DATA_READ": ["user:a@example.com"]}
    logged: Audited = {"container.googleapis.com": theirs["container.googleapis.com"] | ours}
    assert cloud.audited() == theirs | logged
    project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    outputs = project.outputs()
    agent = f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    reader = (
        f"principal://iam.googleapis.com/projects/{number}/locations/global/workloadIdentityPools/{PROJECT}.svc.id.goog"
        "/subject/ns/k8s-audit/sa/k8s-audit-forwarder"
    )
    sink = cloud.ask("GET", f"projects/{PROJECT}/sinks/{outputs['sink']}")
    assert sink["destination"] == f"pubsub.googleapis.com/{outputs['topic']}"
    assert cloud.members(outputs["topic"]) == {("roles/pubsub.publisher", sink["writerIdentity"])}
    assert cloud.members(f"projects/{PROJECT}/topics/{outputs['dead_letter_topic']}") == {
        ("roles/pubsub.publisher", agent),
        ("roles/pubsub.publisher", reader),
        ("roles/pubsub.viewer", reader),
    }
    subscription = f"projects/{PROJECT}/subscriptions/{outputs['subscription']}"
    assert cloud.members(subscription) == {("roles/pubsub.subscriber", agent), ("roles/pubsub.subscriber", reader)}
    assert cloud.members(key) == {("roles/cloudkms.cryptoKeyEncrypterDecrypter", agent)}

    intruder: dict[str, list[str]] = {"DATA_READ": ["user:intruder@example.com"], "DATA_WRITE": ["user:b@example.com"]}
    cloud.audit(PROJECT, theirs | {"container.googleapis.com": intruder})
    cloud.pubsub.subscriber.delete_subscription(subscription=subscription)
    pubsub |= {"retentionDays": 3, "maxDeliveryAttempts": 50}
    give(project, name, settings | {"pubsub": pubsub, "labels": {"team": "security"}})
    project.up("--refresh")
    assert cloud.audited() == theirs | logged
    told = cloud.pubsub.subscriber.get_subscription(subscription=subscription)
    assert told.message_retention_duration.days == 3
    assert told.dead_letter_policy.max_delivery_attempts == 50
    assert dict(told.labels) == {"team": "security"}

    destroy(project)
    assert (cloud.left(), cloud.audited()) == (before, audited)


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
    project = stack("nowhere", f", pubsub: {{topic: {CENTRAL}}}")
    failed = project.up(check=False)
    project.is_down = True
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
