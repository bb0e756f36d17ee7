"""What the pipeline of a cloud takes off is what no profile of our audit policies records."""

import pytest

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.model import Level
from k8s_audit.audit_policy.render import load_profile
from k8s_audit.delivery.pipeline.strip import HELD


@pytest.mark.parametrize("profile", ["detection", "full"])
def test_each_profile_leaves_the_same_bodies_out_with_its_first_rule(profile: str) -> None:
    first = load_profile(profile).rules[0]
    assert first.level is Level.METADATA
    assert not any((first.users, first.user_groups, first.verbs, first.namespaces))
    named = {f"{each.group}/{resource}" for each in first.resources for resource in each.resources}
    assert named == set(HELD)


def test_the_fullest_profile_records_all_other_bodies() -> None:
    for resource, subresource in (("configmaps", ""), ("serviceaccounts", ""), ("pods", "exec")):
        request = Request("anna", "create", resource, subresource=subresource)
        assert evaluate(load_profile("full"), request).level is Level.REQUEST_RESPONSE
