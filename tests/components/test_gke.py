"""A stack of kind gke as it is registered: what is made in Google Cloud, what in the cluster. Engine, Google Cloud and cluster are mocked."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import mocks

from k8s_audit.config.stack import load_stack
from k8s_audit.errors import CloudError, ConfigError
from k8s_audit.platforms.gke import rights
from k8s_audit.stack import compose
from tests.delivery.forwarder.placed import SECRET, Engine, Object, plain

SIEM = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
TOPIC = "projects/security/topics/k8s-audit"
NUMBERS = {"payments": "42", "security": "43"}
POOL = "payments.svc.id.goog"
PRINCIPAL = (
    f"principal://iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/{POOL}"
    "/subject/ns/k8s-audit/sa/k8s-audit-forwarder"
)
KEY_FILE = '{"private_key": "PEM-4711"}'


class Google(Engine):
    """In place of Google Cloud too: a cluster that is there, and what is computed of what is made."""

    def __init__(self, pool: str = POOL, private: bool = False) -> None:
        super().__init__()
        self.pool, self.private = pool, private
        self.types: dict[str, str] = {}
        self.providers: dict[str, str] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Object]:
        id, state = super().new_resource(args)
        self.types[args.name], self.providers[args.name] = args.typ, args.provider or ""
        if args.typ == "gcp:pubsub/topic:Topic":
            id = f"projects/{state['project']}/topics/{state['name']}"
        if args.typ == "gcp:logging/projectSink:ProjectSink":
            state["writerIdentity"] = "serviceAccount:writer"
        if args.typ == "gcp:serviceaccount/account:Account":
            state["email"] = f"{state['accountId']}@payments.iam.gserviceaccount.com"
            state["name"] = f"projects/payments/serviceAccounts/{state['email']}"
        if args.typ == "gcp:serviceaccount/key:Key":
            state["privateKey"] = base64.b64encode(KEY_FILE.encode()).decode()
        if args.typ.endswith("DeliveryCheck"):
            state["checks"] = []
        self.registered[args.name] = state | {"id": id}
        return id, self.registered[args.name]

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[Object, list[tuple[str, str]]]:
        if args.token.endswith("getProject"):
            return {"number": NUMBERS.get(args.args["projectId"], "100000000009")}, []
        return {
            "endpoint": "192.0.2.7",
            "network": "projects/payments/global/networks/default",
            "workloadIdentityConfigs": [{"workloadPool": self.pool}] if self.pool else [],
            "privateClusterConfigs": [{"enablePrivateNodes": True}] if self.private else [],
        }, []


def placed(
    tmp_path: Path,
    platform: dict[str, Any] | None = None,
    receivers: Any = (SIEM,),
    forwarder: Any = None,
    google: Google | None = None,
) -> dict[str, Object]:
    """What is registered, by its name, with secrets marked as Pulumi marks them."""
    values: dict[str, Any] = {
        "cluster": {"name": "prod-1", "kubeconfig": "/k"},
        "platform": {"kind": "gke", "project": "payments", "location": "europe-west1", **(platform or {})},
        "receivers": receivers,
    }
    if forwarder:
        values["forwarder"] = forwarder
    stack = load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})
    engine = google or Google()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)

    def register() -> None:
        compose(stack, tmp_path)

    run: Callable[[], None] = mocks.test(register)  # type: ignore[no-untyped-call]
    run()
    return engine.registered


def pipeline(made: dict[str, Object]) -> str:
    text: str = made["k8s-audit-forwarder-pipeline"]["data"]["pipeline.yaml"]
    return text


def names_the_cluster(made: dict[str, Object]) -> bool:
    """Whether each event is annotated with the stack's own name of the cluster."""
    return '"prod-1"' in pipeline(made).replace("\\", "")


def granted(made: dict[str, Object]) -> set[tuple[str, str, str]]:
    """Who has which role on what."""
    where = ("topic", "subscription", "cryptoKeyId", "serviceAccountId", "project")
    members = [one for one in made.values() if {"role", "member"} <= one.keys()]
    return {(next(one[key] for key in where if one.get(key)), one["role"], one["member"]) for one in members}


def test_events_have_their_way_from_the_cluster_to_the_receiver_and_are_proved(tmp_path: Path) -> None:
    made = placed(tmp_path)
    read = yaml.safe_load(pipeline(made))["input"]["broker"]["inputs"][0]["gcp_pubsub"]
    assert (read["project"], read["subscription"]) == ("payments", made["prod-1-subscription"]["name"])
    assert made["prod-1-dead-letter"]["name"] in pipeline(made)
    assert "169.254.169.252/32" in str(made["k8s-audit-forwarder-network"]), "the agent that gives pods their identity"
    assert not made["k8s-audit-forwarder-account"]["metadata"].get("annotations")
    check = made["prod-1-proof"]
    assert (check["proof"], check["forwarder"]) == ("forwarded", "k8s-audit/k8s-audit-forwarder")


def test_nothing_is_lost_while_nobody_reads_and_nothing_blocks_the_way(tmp_path: Path) -> None:
    made = plain(placed(tmp_path, {"pubsub": {"retentionDays": 3, "topicRetentionDays": 2}, "labels": {"team": "a"}}))
    subscription, dead = made["prod-1-subscription"], made["prod-1-dead-letter-subscription"]
    assert subscription["topic"] == made["prod-1-topic"]["id"]
    assert subscription["expirationPolicy"] == dead["expirationPolicy"] == {"ttl": ""}, "never"
    assert subscription["messageRetentionDuration"] == f"{3 * 86_400}s"
    assert dead["messageRetentionDuration"] == f"{31 * 86_400}s"
    assert subscription["ackDeadlineSeconds"] == 60
    assert subscription["retryPolicy"] == {"minimumBackoff": "10s", "maximumBackoff": "600s"}
    policy = {"deadLetterTopic": made["prod-1-dead-letter"]["id"], "maxDeliveryAttempts": 100}
    assert subscription["deadLetterPolicy"] == policy
    assert subscription["enableMessageOrdering"] is False
    assert dead["topic"] == made["prod-1-dead-letter"]["id"]
    assert made["prod-1-topic"]["messageRetentionDuration"] == f"{2 * 86_400}s"
    assert {made[f"prod-1-{one}"]["labels"]["team"] for one in ("topic", "subscription", "dead-letter")} == {"a"}


def test_each_role_that_is_given_is_listed_with_its_reason_and_on_one_exact_thing(tmp_path: Path) -> None:
    key = "projects/payments/locations/europe-west1/keyRings/r/cryptoKeys/k"
    made = placed(tmp_path, {"pubsub": {"kmsKey": key}})
    agent = "serviceAccount:service-42@gcp-sa-pubsub.iam.gserviceaccount.com"
    events, dead = made["prod-1-topic"]["id"], made["prod-1-dead-letter"]["id"]
    subscription = made["prod-1-subscription"]["name"]
    assert granted(made) == {
        (events, "roles/pubsub.publisher", "serviceAccount:writer"),
        (dead, "roles/pubsub.publisher", agent),
        (subscription, "roles/pubsub.subscriber", agent),
        (key, "roles/cloudkms.cryptoKeyEncrypterDecrypter", agent),
        (subscription, "roles/pubsub.subscriber", PRINCIPAL),
        (dead, "roles/pubsub.publisher", PRINCIPAL),
        (dead, "roles/pubsub.viewer", PRINCIPAL),
    }
    listed = [grant for each in (rights.WRITER, rights.AGENT, rights.READER) for grant in each]
    assert len(granted(made)) == len(listed)


def test_a_service_account_of_googles_is_told_by_the_annotation(tmp_path: Path) -> None:
    made = placed(tmp_path, {"identity": "service-account"}, forwarder={"namespace": "here", "serviceAccount": "me"})
    email = made["prod-1-account"]["email"]
    annotations = made["k8s-audit-forwarder-account"]["metadata"]["annotations"]
    assert annotations == {"iam.gke.io/gcp-service-account": email}
    member = f"serviceAccount:{POOL}[here/me]"
    assert (made["prod-1-account"]["name"], "roles/iam.workloadIdentityUser", member) in granted(made)
    assert made["prod-1-reader-subscriber"]["member"] == f"serviceAccount:{email}"


def test_a_topic_can_lie_in_a_central_project_and_take_other_clusters_events(tmp_path: Path) -> None:
    made = placed(tmp_path, {"pubsub": {"project": "security", "shared": True}})
    assert made["prod-1-topic"]["project"] == made["prod-1-subscription"]["project"] == "security"
    assert made["prod-1-sink"]["project"] == made["prod-1-data-access"]["project"] == "payments"
    assert made["prod-1-agent-publisher"]["member"].startswith("serviceAccount:service-43@"), "of the topics' project"
    assert made["prod-1-reader-subscriber"]["member"] == PRINCIPAL, "of the cluster's project"
    assert not names_the_cluster(made), "each record says whose it is"
    assert names_the_cluster(placed(tmp_path))


def test_a_stack_that_only_feeds_a_central_topic_places_nothing_in_the_cluster(tmp_path: Path) -> None:
    made = placed(tmp_path, {"pubsub": {"topic": TOPIC}}, [], "none")
    assert made["prod-1-sink"]["destination"] == f"pubsub.googleapis.com/{TOPIC}"
    assert set(made) == {"gcp", "prod-1", "prod-1-sink", "prod-1-writer-publisher", "prod-1-data-access"}


def test_data_access_that_is_to_be_left_alone_is(tmp_path: Path) -> None:
    assert "prod-1-data-access" not in placed(tmp_path, {"dataAccess": False})


def test_explicit_credentials_reach_every_part(tmp_path: Path) -> None:
    robot, google = "audit@payments.iam.gserviceaccount.com", Google()
    made = placed(tmp_path, {"credentials": "/key.json", "impersonateServiceAccount": robot}, google=google)
    ours = {name for name, kind in google.types.items() if kind.startswith("gcp:")}
    assert len(ours) > 8
    assert {google.providers[name].rpartition("::")[0].rpartition("::")[2] for name in ours} == {"gcp"}
    for name in ("gcp", "prod-1-data-access"):
        assert made[name]["credentials"] == "/key.json"
        assert made[name]["impersonateServiceAccount"] == robot


def test_private_nodes_let_the_receivers_ports_in_and_others_need_no_rule(tmp_path: Path) -> None:
    said = {"firewall": {"controlPlaneRanges": ["172.16.0.0/28"], "nodeTags": ["prod"]}, "receiverPorts": [6443, 5000]}
    rule = placed(tmp_path, said, google=Google(private=True))["prod-1-receiver-ports"]
    assert plain(rule["allows"]) == [{"protocol": "tcp", "ports": ["5000", "6443"]}]
    assert (rule["direction"], rule["sourceRanges"], rule["targetTags"]) == ("INGRESS", ["172.16.0.0/28"], ["prod"])
    assert rule["network"] == "projects/payments/global/networks/default"
    assert "prod-1-receiver-ports" not in placed(tmp_path, said)


def test_a_cluster_without_a_workload_identity_pool_is_refused_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(CloudError, match=r"has no workload identity pool.* gcloud container clusters update prod-1"):
        placed(tmp_path, google=Google(pool=""))


def test_the_seeds_forwarder_has_a_key_in_a_secret_alone_and_the_names_of_the_seed(tmp_path: Path) -> None:
    made = placed(tmp_path, None, [SIEM | {"url": "http://10.0.0.7:7765/k8s_audit"}], "sysdig")
    assert not {"prod-1-sink", "prod-1-topic", "prod-1-data-access", "prod-1-proof"} & made.keys()
    member = f"serviceAccount:{made['prod-1-bridge-reader']['email']}"
    assert granted(made) == {("payments", "roles/logging.viewer", member)}
    held = made["prod-1-bridge-key-file"]["data"]
    assert SECRET in held
    assert plain(held)["key.json"] == base64.b64encode(KEY_FILE.encode()).decode()
    assert "4711" not in str({name: each for name, each in made.items() if name != "prod-1-bridge-key-file"})
    settings = yaml.safe_load(made["prod-1-bridge-config"]["data"]["swb-config.yaml"])
    assert settings["url"] == "http://10.0.0.7:7765/k8s_audit"
    assert (settings["project"], settings["cluster"]) == ("payments", "prod-1")
    assert (settings["poll_interval"], settings["lag_interval"]) == ("5s", "30s")
    pod = plain(made["prod-1-bridge-deployment"]["spec"]["template"]["spec"])
    assert pod["containers"][0]["image"] == "docker.io/sysdiglabs/stackdriver-webhook-bridge:latest"
    assert pod["volumes"][0]["secret"]["secretName"] == made["prod-1-bridge-key-file"]["metadata"]["name"]
    assert pod["securityContext"]["runAsNonRoot"] is True


def test_the_seeds_forwarder_cannot_present_itself_to_a_receiver(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sends no credentials .*receiver siem needs tls_server_name"):
        placed(tmp_path, None, [SIEM | {"tlsServerName": "other.example"}], "sysdig")
