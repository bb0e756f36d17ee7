"""`k8s-audit summarize` on what the real engine says of a preview, policy pack included."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8s_audit.audit_policy.render import load_profile, render_policy
from tests.project import Project

STATIC, INGRESS = "k8s-audit:index:StaticPodAudit", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
HOST = {"name": "cp-1", "apiServer": "https://10.0.0.11:6443"}


def opening(source: str) -> Any:
    return (INGRESS, {"cidrIpv4": source, "fromPort": 5000, "toPort": 5000})


def given(project: Project, *resources: Any) -> None:
    (project.folder / "given.json").write_text(json.dumps(resources))


def summary(project: Project, pack: Path) -> str:
    with project.given(PULUMI_ENABLE_STREAMING_JSON_PREVIEW="true"):
        events = project.run("preview", "--json", "--policy-pack", str(pack), check=False).stdout
    (project.folder / "events.json").write_text("".join(line for line in events.splitlines(True) if line[0] == "{"))
    done = project.command("summarize", "events.json")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_reviewer_reads_what_changes(stack: Callable[..., Project], pack: Path) -> None:
    seed, detection = (render_policy(load_profile(name)) for name in ("seed", "detection"))
    audit = {"host": HOST, "policy": seed}
    project = stack("a change", (STATIC, audit), opening("10.0.0.0/8"))
    text = summary(project, pack)
    assert "1. `cp-1 https://10.0.0.11:6443`: auditing is turned on" in text
    assert "- opened: TCP 5000 from 10.0.0.0/8, by `given-1`" in text
    project.up()
    assert "Nothing changes." in summary(project, pack)

    given(project, (STATIC, audit | {"policy": detection}), opening("0.0.0.0/0"), ("aws:kinesis/stream:Stream", {}))
    text = summary(project, pack)
    assert text.startswith("<!-- k8s-audit: cluster-1 -->\n### Audit logging: stack `cluster-1`")
    assert "1 to create, 2 to update." in text
    assert "❌ mandatory `no-open-ports` at `given-1`: No port of a receiver is open" in text
    assert "cidrIpv4: TCP 5000 is open to 0.0.0.0/0." in text
    assert "1. `cp-1 https://10.0.0.11:6443`: auditing changes (policy)" in text
    assert "- added: Metadata every verb secrets, serviceaccounts/token, tokenreviews.authentication.k8s.io" in text
    assert "- removed: " in text
    assert "- closed: TCP 5000 from 10.0.0.0/8" in text
    assert "`Stream` `given-2`: $$" in text
    assert "<details>" in text


def test_a_preview_that_fails_says_why(stack: Callable[..., Project], pack: Path) -> None:
    project = stack("a failure", ("nobody:serves:This", {}))
    assert "**The preview failed.**" in summary(project, pack)
