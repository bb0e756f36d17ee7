"""The forwarder as a component: what it registers. Engine and cluster are mocked."""

import json
import re
from typing import Any

import pytest

from k8s_audit.errors import ConfigError
from tests.delivery.forwarder.bento import pipeline
from tests.delivery.forwarder.placed import ALL, ARGS, NAMESPACE, PASSWORD, PEM, SECRET, SETTINGS, encoded, place, plain


def test_by_default_there_is_what_the_pods_need_and_nothing_that_a_plain_cluster_does_not_know() -> None:
    found = {suffix: each["kind"] for suffix, each in place(SETTINGS).items()}
    assert found == {
        "namespace": "Namespace",
        "account": "ServiceAccount",
        "pipeline": "ConfigMap",
        "deployment": "Deployment",
        "disruption": "PodDisruptionBudget",
        "network": "NetworkPolicy",
        "metrics": "Service",
    }


def test_all_of_it_on_demand() -> None:
    found = {suffix: f"{each['apiVersion']} {each['kind']}" for suffix, each in place(ALL, **ARGS).items()}
    assert found["environment"] == found["files"] == "v1 Secret"
    assert found["autoscaler"] == "autoscaling/v2 HorizontalPodAutoscaler"
    assert found["monitor"] == "monitoring.coreos.com/v1 PodMonitor"
    assert found["rules"] == "monitoring.coreos.com/v1 PrometheusRule"
    assert found["dashboard"] == "v1 ConfigMap"


def test_the_namespace_admits_restricted_pods_only_and_one_that_is_there_is_left_alone() -> None:
    labels = place(SETTINGS)["namespace"]["metadata"]["labels"]
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}
    assert "namespace" not in place(SETTINGS | {"createNamespace": False})


def test_the_pods_name_the_config_map_and_the_secrets_that_were_made() -> None:
    made = place(ALL, **ARGS)
    pod = made["deployment"]["spec"]["template"]["spec"]
    assert pod["volumes"][0]["configMap"]["name"] == made["pipeline"]["metadata"]["name"]
    assert pod["volumes"][1]["secret"]["secretName"] == made["files"]["metadata"]["name"]
    variables = {each["name"]: each for each in pod["containers"][0]["env"]}
    reference = {"name": made["environment"]["metadata"]["name"], "key": "EVENT_HUBS_CONNECTION_STRING"}
    assert variables["EVENT_HUBS_CONNECTION_STRING"] == {
        "name": "EVENT_HUBS_CONNECTION_STRING",
        "valueFrom": {"secretKeyRef": reference},
    }
    assert variables["AWS_REGION"]["value"] == "eu-west-1"


def test_secrets_lie_in_secrets_alone_and_are_marked_there() -> None:
    made = place(ALL, **ARGS)
    for text, holder in ((PASSWORD, "environment"), (PEM, "files")):
        assert {s for s, each in made.items() if encoded(text) in json.dumps(each)} == {holder}
        assert text not in json.dumps(made)
        assert SECRET in json.dumps(made[holder]["data"])
        assert plain(made[holder])["data"] == {
            {"environment": "EVENT_HUBS_CONNECTION_STRING", "files": "client.key"}[holder]: encoded(text)
        }


def test_the_service_account_is_who_it_is_in_the_cloud_and_has_no_token_for_the_api_server() -> None:
    made = place(ALL, **ARGS)
    account, pod = made["account"], made["deployment"]["spec"]["template"]
    assert account["metadata"]["name"] == pod["spec"]["serviceAccountName"] == "k8s-audit-forwarder"
    assert account["metadata"]["annotations"] == ARGS["service_account_annotations"]
    assert account["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert account["automountServiceAccountToken"] is pod["spec"]["automountServiceAccountToken"] is False
    assert place(SETTINGS, mount_token=True)["account"]["automountServiceAccountToken"] is True


def test_keda_scales_the_deployment_on_what_waits() -> None:
    trigger = {"type": "gcp-pubsub", "metadata": {"mode": "OldestUnackedMessageAge", "value": "10"}}
    made = place(SETTINGS | {"keda": {"triggers": [trigger]}})
    scaler = made["scaler"]
    assert (scaler["apiVersion"], scaler["kind"]) == ("keda.sh/v1alpha1", "ScaledObject")
    assert scaler["spec"]["scaleTargetRef"]["name"] == made["deployment"]["metadata"]["name"]
    assert scaler["spec"]["triggers"] == [trigger]
    assert "replicas" not in made["deployment"]["spec"]


def test_it_is_waited_for_unless_told_not_to() -> None:
    assert "annotations" not in place(SETTINGS)["deployment"]["metadata"]
    assert place(ALL)["deployment"]["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_everything_lies_in_its_namespace() -> None:
    for suffix, each in place(ALL, **ARGS).items():
        assert suffix == "namespace" or each["metadata"]["namespace"] == NAMESPACE


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ({"environment": {"A-B": "c"}}, "environment: letters, digits and _ make the name of a variable; given: 'A-B'"),
        ({"environment": {"A": ""}, "secret_environment": {"A": ""}}, "environment and secretEnvironment: both set A"),
        ({"secret_files": {"a/b": ""}}, "secretFiles: letters, digits, dots, dashes and _ make the name of a file"),
        ({"secret_files": {"..": ""}}, "secretFiles: letters, digits, dots, dashes and _ make the name of a file"),
        ({"pod_labels": {"app.kubernetes.io/name": "x"}}, "podLabels: app.kubernetes.io/name is the forwarder's own"),
        ({"pipeline": "a: ["}, "pipeline: no YAML"),
        ({"pipeline": pipeline().replace("0.0.0.0:4195", "127.0.0.1:4195")}, "pipeline.http.address"),
    ],
)
def test_bad_input_is_one_message_before_anything_is_registered(args: dict[str, Any], fault: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(fault)):
        place(SETTINGS, **args)
