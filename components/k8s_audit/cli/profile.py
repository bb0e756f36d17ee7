"""What `doctor` says of a cluster's own audit profile, where its events leave by a stream and the profile is ours to set."""

from collections.abc import Iterator
from importlib import import_module

from k8s_audit.cli.findings import Finding
from k8s_audit.config.registry import PROFILED
from k8s_audit.config.stack import Stack


def profile_findings(stack: Stack, kubeconfig: str) -> Iterator[Finding]:
    """What is recorded, and what `up` would change of it; nothing for a cluster that has no such profile.

    Args:
        stack: its configuration.
        kubeconfig: path of one that may read it.

    Raises:
        K8sAuditError: that cannot be found out.
    """
    if stack.platform.kind not in PROFILED:
        return
    room = import_module(f"k8s_audit.platforms.{PROFILED[stack.platform.kind]}")
    there, changes, wrong = room.plan(stack, kubeconfig)
    yield Finding(there, [*(changes or ["nothing to do"]), *wrong], wrong=bool(wrong))
