"""A stack of kind eks as it is registered: what is made in AWS, what in the cluster. Engine, AWS and cluster are mocked."""

import asyncio
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
from k8s_audit.stack import compose
from tests.delivery.forwarder.placed import Engine, Object, plain

ACCOUNT, CENTRAL = "123456789012", "999999999999"
SIEM = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
STREAM = f"arn:aws:kinesis:eu-west-1:{CENTRAL}:stream/events"
DESTINATION = f"arn:aws:logs:eu-west-1:{CENTRAL}:destination:events"
ROLE = f"arn:aws:iam::{CENTRAL}:role/reader"


class Aws(Engine):
    """In place of AWS too: ARNs by the kind and name, and a cluster that is there."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, Object]:
        id, state = super().new_resource(args)
        service = args.typ.split(":")[1].partition("/")[0]
        known = {key: value for key, value in state.items() if value is not None}
        if not args.typ.startswith("kubernetes:"):
            known |= {"arn": f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{args.name}", "checks": []}
        self.registered[args.name] = {"url": f"https://sqs/{args.name}"} | known
        return id, self.registered[args.name]

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[Object, list[tuple[str, str]]]:
        network = {"vpcId": "vpc-1", "clusterSecurityGroupId": "sg-1", "subnetIds": [], "endpointPublicAccess": False}
        found = {
            "arn": f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod-1",
            "endpoint": "https://eks",
            "status": "ACTIVE",
        }
        issuer = {"identities": [{"oidcs": [{"issuer": "https://oidc.example/id/A"}]}]}
        return found | issuer | {"vpcConfig": network}, []


def placed(
    tmp_path: Path, platform: dict[str, Any] | None = None, receivers: Any = (SIEM,), forwarder: Any = None
) -> dict[str, Object]:
    """What is registered, by its name, as plain data."""
    values: dict[str, Any] = {
        "cluster": {"name": "prod-1", "kubeconfig": "/k"},
        "platform": {"kind": "eks", "region": "eu-west-1", **(platform or {})},
        "receivers": receivers,
    }
    if forwarder:
        values["forwarder"] = forwarder
    stack = load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})
    engine = Aws()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)

    def register() -> None:
        compose(stack, tmp_path)

    run: Callable[[], None] = mocks.test(register)  # type: ignore[no-untyped-call]
    run()
    return {name: plain(each) for name, each in engine.registered.items()}


def allowed(made: Object) -> dict[str, list[str]]:
    statements = json.loads(made["policy"])["Statement"]
    return {one["Resource"]: one["Action"] for one in statements}


def pipeline(made: dict[str, Object]) -> Any:
    return yaml.safe_load(made["k8s-audit-forwarder-pipeline"]["data"]["pipeline.yaml"])


def test_events_have_their_way_from_the_cluster_to_the_receiver_and_are_proved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = placed(tmp_path)
    source = pipeline(made)["input"]["aws_kinesis"]
    assert source["streams"] == [made["prod-1-stream"]["name"]]
    assert source["dynamodb"]["table"] == made["prod-1-checkpoints"]["name"]
    queue = made["prod-1-dead-letter"]
    assert queue["messageRetentionSeconds"] == 14 * 86_400
    assert queue["sqsManagedSseEnabled"] is True
    assert queue["url"] in str(pipeline(made))
    assert allowed(made["prod-1-reader-policy"])[queue["arn"]] == ["sqs:SendMessage"]
    identity = made["prod-1-identity"]
    account = made["k8s-audit-forwarder-account"]["metadata"]
    assert (identity["namespace"], identity["serviceAccount"]) == (account["namespace"], account["name"])
    assert account["annotations"] == {}
    assert "169.254.170.23/32" in str(made["k8s-audit-forwarder-network"])
    check = made["prod-1-proof"]
    assert (check["proof"], check["forwarder"]) == ("forwarded", "k8s-audit/k8s-audit-forwarder")
    assert check["timeout"] == "5m"
    (warned,) = [each.getMessage() for each in caplog.records if "is private" in each.getMessage()]
    assert warned.endswith("does not reach kinesis-streams, dynamodb, sqs, eks-auth")


def test_irsa_is_told_by_the_service_accounts_annotation(tmp_path: Path) -> None:
    made = placed(tmp_path, {"identity": "irsa"}, forwarder={"namespace": "here", "serviceAccount": "me"})
    account = made["k8s-audit-forwarder-account"]["metadata"]
    assert account["annotations"] == {"eks.amazonaws.com/role-arn": made["prod-1-reader"]["arn"]}
    assert "system:serviceaccount:here:me" in made["prod-1-reader"]["assumeRolePolicy"]
    pod = made["k8s-audit-forwarder-deployment"]["spec"]["template"]["metadata"]
    assert pod["annotations"] == {"k8s-audit/identity": f"web {made['prod-1-reader']['arn']}"}, "or old pods went on"
    assert "prod-1-identity" not in made
    assert "169.254.170.23/32" not in str(made["k8s-audit-forwarder-network"])


def test_a_stack_that_only_feeds_a_central_stream_places_nothing_in_the_cluster(tmp_path: Path) -> None:
    made = placed(tmp_path, {"stream": {"existing": {"destination": DESTINATION}}}, [], "none")
    assert made["prod-1-filter"]["destinationArn"] == DESTINATION
    assert "roleArn" not in made["prod-1-filter"]
    assert set(made) == {"aws", "prod-1", "prod-1-log-group", "prod-1-filter", "prod-1-logging"}


def test_the_central_stack_admits_the_accounts_and_takes_each_clusters_name_from_the_record(tmp_path: Path) -> None:
    made = placed(tmp_path, {"stream": {"fromAccounts": ["222222222222"]}})
    policy = json.loads(made["prod-1-destination-policy"]["accessPolicy"])["Statement"][0]
    assert policy["Principal"] == {"AWS": ["222222222222"]}
    assert policy["Resource"] == made["prod-1-destination"]["arn"]
    assert made["prod-1-destination"]["targetArn"] == made["prod-1-stream"]["arn"]
    assert "arn:aws:logs:eu-west-1:222222222222:*" in made["prod-1-delivery"]["assumeRolePolicy"]
    assert '"prod-1"' not in str(pipeline(made))
    assert '"prod-1"' in str(pipeline(placed(tmp_path))), "where it is the only cluster, its own name"


def test_a_forwarder_reads_another_accounts_stream_by_a_role_there_and_has_no_other_right(tmp_path: Path) -> None:
    existing = {"arn": STREAM, "destination": DESTINATION, "table": "places", "roleArn": ROLE, "externalId": "key-1"}
    made = placed(tmp_path, {"stream": {"existing": existing}})
    assert allowed(made["prod-1-reader-policy"]) == {
        ROLE: ["sts:AssumeRole"],
        made["prod-1-dead-letter"]["arn"]: ["sqs:SendMessage"],
    }
    source = pipeline(made)["input"]["aws_kinesis"]
    assert source["streams"] == [STREAM]
    assert source["credentials"] == {"role": ROLE, "role_external_id": "key-1"}
    assert "prod-1-stream" not in made
    assert "prod-1-checkpoints" not in made


def test_a_stream_of_this_account_is_written_and_read_by_its_exact_names(tmp_path: Path) -> None:
    arn = STREAM.replace(CENTRAL, ACCOUNT)
    queue = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:letters"
    made = placed(tmp_path, {"stream": {"existing": {"arn": arn, "table": "places", "deadLetter": queue}}})
    assert allowed(made["prod-1-delivery-policy"]) == {arn: ["kinesis:PutRecord"]}
    reader = allowed(made["prod-1-reader-policy"])
    assert set(reader) == {arn, f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/places", queue}
    assert f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/letters" in str(pipeline(made))
    assert "prod-1-dead-letter" not in made


@pytest.mark.parametrize(
    ("existing", "said"),
    [
        ({"arn": STREAM, "table": "places", "roleArn": ROLE}, "through a destination alone"),
        ({"arn": STREAM, "destination": DESTINATION, "table": "places"}, "the forwarder needs a role there"),
    ],
)
def test_another_accounts_stream_needs_a_destination_to_write_and_a_role_to_read(
    existing: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(CloudError, match=said):
        placed(tmp_path, {"stream": {"existing": existing}})


def test_the_seeds_forwarder_has_rights_of_its_own_and_the_names_of_the_seed(tmp_path: Path) -> None:
    made = placed(tmp_path, {"identity": "irsa"}, [SIEM | {"url": "http://10.0.0.7:7765/k8s_audit"}], "sysdig")
    assert "prod-1-stream" not in made
    assert "prod-1-filter" not in made
    group = f"{made['prod-1-log-group']['arn']}:*"
    assert allowed(made["prod-1-reader-policy"]) == {group: ["logs:DescribeLogStreams", "logs:FilterLogEvents"]}
    assert "system:serviceaccount:k8s-audit:eks-cloudwatch" in made["prod-1-reader"]["assumeRolePolicy"]
    pods = made["prod-1-eks-cloudwatch-deployment"]["spec"]
    container = pods["template"]["spec"]["containers"][0]
    assert container["image"] == "docker.io/sysdiglabs/k8sauditlogforwarder:ekscloudwatch-0.3"
    assert {each["name"] for each in container["env"]} == {
        *("ENDPOINT", "CLUSTER_NAME", "AWS_REGION", "CW_POLLING", "CW_FILTER")
    }
    assert made["prod-1-eks-cloudwatch-config"]["data"] == {
        "endpoint": "http://10.0.0.7:7765/k8s_audit",
        "cluster_name": "prod-1",
        "aws_region": "eu-west-1",
        "cw_polling": "5m",
        "cw_filter": '{ $.sourceIPs[0] != "::1" && $.sourceIPs[0] != "127.0.0.1" }',
    }
    assert pods["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
    assert "prod-1-proof" not in made, "nothing tells that an event arrived"


def test_the_seeds_forwarder_cannot_present_itself_to_a_receiver(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"sends no credentials .*receiver siem needs tls_server_name"):
        placed(tmp_path, {"identity": "irsa"}, [SIEM | {"tlsServerName": "other.example"}], "sysdig")
