"""Edits of a HostedCluster, pure."""

import copy
import json
from typing import Any, cast

import pytest

from k8s_audit.errors import ConflictError
from k8s_audit.platforms.hypershift.change import HostedAudit
from k8s_audit.platforms.hypershift.hosted_cluster import actions, profile_of, secret_of, turn_off
from k8s_audit.platforms.hypershift.rollout import API_SERVER, OTHERS, control_plane_namespace, obstacle, progress
from k8s_audit.platforms.management.cluster import ManagementCluster


def hosted(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "hypershift.openshift.io/v1beta1",
        "kind": "HostedCluster",
        "metadata": {"name": "prod", "namespace": "clusters"},
        "spec": {"release": {"image": "i"}, **spec},
    }


def on(document: dict[str, Any], webhook: str = "w", profile: str = "", adopt: bool = False) -> dict[str, Any]:
    return HostedAudit(webhook, profile, adopt).edit("prod")(copy.deepcopy(document))


def audit(profile: str) -> dict[str, Any]:
    return {"configuration": {"apiServer": {"audit": {"profile": profile}}, "proxy": {}}}


@pytest.mark.parametrize("before", [hosted(), hosted(configuration={"apiServer": {}}), hosted(**audit("Default"))])
@pytest.mark.parametrize("profile", ["", "Default"])
def test_a_second_edit_changes_nothing_and_off_gives_back_each_byte(before: dict[str, Any], profile: str) -> None:
    after = on(before, profile=profile)
    assert json.dumps(on(after, profile=profile)) == json.dumps(after)
    assert json.dumps(turn_off(copy.deepcopy(after))) == json.dumps(before)
    assert json.dumps(turn_off(copy.deepcopy(before))) == json.dumps(before)
    assert secret_of(after) == after["spec"]["auditWebhook"]["name"]
    assert not secret_of(before)


def test_another_webhook_or_profile_is_a_conflict_and_adopt_puts_it_back() -> None:
    before = hosted(auditWebhook={"name": "theirs"}, **audit("AllRequestBodies"))
    with pytest.raises(
        ConflictError, match=r"auditWebhook.name: theirs, and we would set prod-k8s-audit-.*adopt: true"
    ):
        on(before)
    with pytest.raises(ConflictError, match=r"audit.profile: AllRequestBodies, and we would set Default"):
        on(hosted(**audit("AllRequestBodies")), profile="Default")
    after = on(before, profile="Default", adopt=True)
    assert profile_of(after) == "Default"
    assert turn_off(after) == before


def test_a_cluster_that_records_nothing_is_refused_unless_the_profile_is_taken_over() -> None:
    before = hosted(**audit("None"))
    with pytest.raises(
        ConflictError, match=r"record nothing that could be sent. Ways out: audit:platform.auditProfile"
    ):
        on(before)
    after = on(before, profile="Default", adopt=True)
    assert turn_off(copy.deepcopy(after)) == before
    with pytest.raises(ConflictError, match="record nothing"):
        on(after)


def test_another_profile_is_another_secret_one_that_is_not_wanted_goes_and_what_somebody_changed_stays() -> None:
    first = on(hosted(), profile="Default")
    second = on(first, profile="AllRequestBodies")
    assert secret_of(first) != secret_of(second)
    assert actions(first, second) == [
        f"set spec.auditWebhook.name: {secret_of(second)} (was {secret_of(first)})",
        "set spec.configuration.apiServer.audit.profile: AllRequestBodies (was Default)",
    ]
    assert profile_of(on(second)) == ""
    second["spec"]["configuration"]["apiServer"]["audit"]["profile"] = "None"
    left = turn_off(second)
    assert (profile_of(left), "auditWebhook" in left["spec"]) == ("None", False)


def test_a_paused_cluster_says_so_and_a_control_plane_lies_where_hypershift_puts_it() -> None:
    assert "spec.pausedUntil: true" in obstacle(hosted(pausedUntil="true"))
    assert obstacle(hosted(pausedUntil="False")) == ""
    assert control_plane_namespace("clusters", "a.b") == "clusters-a-b"


class Deployments:
    """Instead of a cluster."""

    def __init__(self, **found: Any) -> None:
        self.found = found

    def read(self, resource: object, namespace: str, name: str) -> Any:
        assert namespace == "clusters-prod"
        return self.found.get(name)


def deployment(secret: str, **status: int) -> Any:
    volumes = [{"name": "x", "configMap": {}}, {"name": "w", "secret": {"secretName": secret}}]
    counts = {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
    spec = {"replicas": 3, "template": {"spec": {"volumes": volumes}}}
    return {"metadata": {"generation": 4}, "spec": spec, "status": counts | status}


def test_all_api_servers_have_the_webhook_when_no_pod_of_theirs_has_another_one() -> None:
    after = on(hosted())
    new, old = secret_of(after), secret_of(on(hosted(), "before"))
    for found, told in (
        ({}, "kube-apiserver is not there"),
        ({API_SERVER: deployment("kas")}, "kube-apiserver has not the webhook that it shall have"),
        ({API_SERVER: deployment(old)}, "kube-apiserver has not the webhook that it shall have"),
        ({API_SERVER: deployment(new, availableReplicas=2)}, "has 3 of 3 new pods; 3 are there, 2 available"),
        ({API_SERVER: deployment(new, observedGeneration=3)}, "has 3 of 3 new pods"),
        ({API_SERVER: deployment(new), OTHERS[0]: deployment(old)}, "openshift-apiserver has not the webhook"),
        ({API_SERVER: deployment(new), OTHERS[0]: deployment("theirs")}, ""),
    ):
        now = progress(cast(ManagementCluster, Deployments(**found)), after)
        assert now.done == (not told)
        assert told in now.told
    assert progress(cast(ManagementCluster, Deployments(**{API_SERVER: deployment("theirs")})), hosted()).done
