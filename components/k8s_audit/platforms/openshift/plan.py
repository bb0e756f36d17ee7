"""What `up` would do to the audit profile of an OpenShift cluster, and how its operator is: read, with nothing changed."""

import json

from k8s_audit.config.platforms.openshift import OpenshiftPlatform, version_warning
from k8s_audit.config.stack import Stack
from k8s_audit.platforms.openshift.cluster import OpenshiftCluster
from k8s_audit.platforms.openshift.profile import DEFAULT, same, settings
from k8s_audit.platforms.openshift.rollout import lacking


def plan(stack: Stack, kubeconfig: str) -> tuple[str, list[str], list[str]]:
    """What is there, what `up` would change, what is wrong.

    Args:
        stack: the whole configuration.
        kubeconfig: path of one with the rights that the page of openshift lists.

    Raises:
        HostError: the cluster cannot be asked, or is none of OpenShift 4.
    """
    platform, cluster = stack.platform, OpenshiftCluster(kubeconfig)
    assert isinstance(platform, OpenshiftPlatform)
    live, version = cluster.read().audit or {}, cluster.version()
    there = f"OpenShift {version or 'of an unknown version'}: its API servers record by profile {live.get('profile') or DEFAULT}"
    rules = live.get("customRules") or []
    there += f" and {len(rules)} customRules" if rules else ""
    changes: list[str] = []
    if platform.profile:
        wanted = settings(platform.profile, [rule.model_dump() for rule in platform.custom_rules])
        if not same(live, wanted):
            changes.append(f"set spec.audit: {json.dumps(wanted)}; each API server is restarted, one after the other")
    wrong = [version_warning(version), *lacking(cluster.seen(), None)]
    return there, changes, [line for line in wrong if line]
