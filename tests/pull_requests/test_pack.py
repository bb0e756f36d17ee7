"""The policy pack, run by the real engine on `preview` and `up`."""

import json
from collections.abc import Callable
from pathlib import Path

from rules import RULES
from rules.test_rules import FAULTS, FINE
from tests.project import Project


def test_each_rule_tells_its_violation_and_the_mandatory_ones_stop(stack: Callable[..., Project], pack: Path) -> None:
    given = {rule.id: next(case[1:3] for case in FAULTS if case[0] is rule) for rule in RULES if rule is not RULES[3]}
    given["auditing-stays-on"] = ("k8s-audit:index:EksClusterLogging", {"types": ["authenticator"]})
    advice = [given[rule.id] for rule in RULES if not rule.mandatory]
    for name, mandatory, resources in (("all", True, given.values()), ("advice", False, advice)):
        project = stack(name, *resources)
        done = project.run("preview", "--policy-pack", str(pack), check=False)
        told = " ".join(done.stdout.split())
        for rule in RULES:
            if mandatory or not rule.mandatory:
                assert (
                    f"[{'mandatory' if rule.mandatory else 'advisory'}] [severity: {rule.severity}] {rule.id} (" in told
                ), told
                assert rule.mend in told
        assert (done.returncode != 0) == mandatory
        project.is_down = True


def test_what_is_fine_passes_on_preview_and_up(stack: Callable[..., Project], pack: Path) -> None:
    project = stack("fine", *((kind, properties) for _, kind, properties in FINE))
    assert "mandatory" not in project.run("preview", "--policy-pack", str(pack)).stdout
    project.up("--policy-pack", str(pack))


def test_an_unknown_value_silences_nothing(stack: Callable[..., Project], pack: Path) -> None:
    project = stack("open", ("unknown", ""))
    told = project.run("preview", "--policy-pack", str(pack)).stdout
    assert "can't run policy 'no-plain-secrets'" in told
    assert "data.x can't be known during preview" in " ".join(told.split())
    (project.folder / "given.json").write_text(json.dumps([("unknown", "hunter2")]))
    done = project.run("preview", "--policy-pack", str(pack), check=False)
    assert done.returncode
    assert "data.password" in done.stdout
    assert "hunter2" not in done.stdout
    assert "data.password" in project.up("--policy-pack", str(pack), check=False).stdout


def test_a_configuration_is_heeded(stack: Callable[..., Project], pack: Path) -> None:
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    project = stack("set", (kind, {"cidrIpv4": "0.0.0.0/0", "fromPort": 8443, "toPort": 8443}))
    project.run("preview", "--policy-pack", str(pack))
    settings = project.folder / "settings.json"
    settings.write_text(json.dumps({"no-open-ports": {"ports": [8443]}, "all": "mandatory"}))
    options = ("--policy-pack", str(pack), "--policy-pack-config", str(settings))
    assert "TCP 8443 is open" in project.run("preview", *options, check=False).stdout
