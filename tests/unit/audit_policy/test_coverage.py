"""What the table of clouds says of Falco's rules is what the rules' own conditions and messages show, where they can show it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from k8s_audit.audit_policy.coverage import Effect, clouds, effects_of, limits_of
from k8s_audit.audit_policy.coverage_page import matrix, reasons
from k8s_audit.cli.app import app
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT
from tests.standins.falco_rules import RULES_FILE, Rules, pointed_at, values
from tests.unit.audit_policy.cloud_policies import RECORDED
from tests.unit.audit_policy.falco_samples import FIRES, INNOCENT, Event

DOCUMENTS: list[dict[str, Any]] = YAML(typ="safe").load(RULES_FILE.read_text("utf-8"))
MESSAGES = {document["rule"]: document["output"] for document in DOCUMENTS if "rule" in document}
IN_THE_MESSAGE = {
    "ka.resp.name": "/responseObject/metadata/name",
    "ka.req.pod.containers.image": "/requestObject/spec/containers/*/image",
    "ka.req.binding.subjects": "/requestObject/subjects",
    "ka.req.binding.role": "/requestObject/roleRef/name",
    "ka.req.role.rules": "/requestObject/rules",
    "ka.req.service.ports": "/requestObject/spec/ports",
    "ka.req.configmap.name": "/requestObject/metadata/name",
    "ka.response.reason": "/responseStatus/reason",
    "ka.auth.reason": "/annotations/authorization.k8s.io~1reason",
}
"""Fields of messages, beside those of conditions; of Falco's extract.go."""
NEVER_BOTH = {"ka.req.pod.initContainers.image", "ka.req.pod.ephemeralContainers.image"}
"""Of containers that most pods do not have."""
RULES = Rules()


def empty_fields(rule: str, event: Event) -> set[str]:
    """The fields of a rule's message that an event does not fill."""
    empty = set()
    for name in re.findall(r"%([\w.]+(?:\[[^\]]*\])?)", MESSAGES[rule]):
        if name == "ka.uri.param[command]":
            filled = "command=" in event["requestURI"]
        elif name in IN_THE_MESSAGE:
            filled = bool(pointed_at(IN_THE_MESSAGE[name], event))
        else:
            filled = name in NEVER_BOTH or name == "jevt.obj" or bool(values(name, event))
        if not filled and not (name.startswith("ka.target.") and "objectRef" in event):
            empty.add(name)
    return empty


def derived(platform: str, variant: str) -> dict[str, set[str]]:
    """The rules of each effect, from what is left of events on which they fire, or must not."""
    recorded, found = RECORDED[platform, variant], {effect: set[str]() for effect in EFFECTS}
    for rule, events in FIRES.items():
        left = [recorded(event) for event in events]
        fires = [bool(event) and RULES.fires(rule, event) for event in left if event is not None]
        fires += [False] * left.count(None)
        if not any(fires):
            found["silent"].add(rule)
        elif not all(fires):
            found["partly-silent"].add(rule)
        for whole, event in zip(events, left, strict=True):
            if (
                event
                and RULES.fires(rule, event)
                and empty_fields(rule, event) - (empty_fields(rule, whole) - EVERYWHERE)
            ):
                found["empty-output"].add(rule)
    for rule, events in INNOCENT.items():
        if any((event := recorded(whole)) and RULES.fires(rule, event) for whole in events):
            found["false-alarm"].add(rule)
    return found


EFFECTS = ("silent", "partly-silent", "empty-output", "false-alarm")
EVERYWHERE = {
    "jevt.value[/requestObject/ephemeralContainers/0/name]",
    "jevt.value[/requestObject/ephemeralContainers/0/image]",
}
"""Fields that no event of a Kubernetes of today fills."""
COLUMNS = [(name, variant) for name, cloud in clouds().platforms.items() for variant in cloud.variants]


def test_the_table_names_falcos_rules_and_no_others() -> None:
    assert clouds().falco.rules == list(MESSAGES)
    assert len(MESSAGES) == 48
    assert FIRES.keys() == MESSAGES.keys()


def test_each_sample_fires_where_all_is_recorded_unless_the_rule_is_switched_off_everywhere() -> None:
    off = {rule for effect in clouds().everywhere.effects if effect.effect == "silent" for rule in effect.rules}
    for rule, events in FIRES.items():
        assert [RULES.fires(rule, event) for event in events] == [rule not in off] * len(events), rule
    for rule, events in INNOCENT.items():
        assert not any(RULES.fires(rule, event) for event in events), rule


@pytest.mark.parametrize(("platform", "variant"), COLUMNS)
def test_the_table_says_what_the_rules_fields_show(platform: str, variant: str) -> None:
    of_cloud = [each for each in clouds().platforms[platform].effects if not each.variants or variant in each.variants]
    shown: list[Effect] = [each for each in (*clouds().everywhere.effects, *of_cloud) if not each.beyond_fields]
    silent = {rule for each in shown if each.effect == "silent" for rule in each.rules}
    for effect, rules in derived(platform, variant).items():
        said = {rule for each in shown if each.effect == effect for rule in each.rules}
        assert (said if effect == "silent" else said - silent) == rules, effect


def test_each_list_of_limitations_in_sysdigs_guide_is_in_the_table() -> None:
    """The guide: its sections GKE Limitations and IKS, and Troubleshooting for the admission controller."""
    in_guide = {
        (name, rule)
        for name, cloud in clouds().platforms.items()
        for effect in cloud.effects
        if effect.seed
        for rule in effect.rules
    }
    iks = {rule for name, rule in in_guide if name == "iks"}
    assert iks == {
        "Create Privileged Pod", "Create Sensitive Mount Pod", "Create HostNetwork Pod", "Pod Created in Kube Namespace",
        "Create NodePort Service", "Create/Modify Configmap With Private Credentials", "Attach to cluster-admin Role",
        "ClusterRole With Wildcard Created", "ClusterRole With Write Privileges Created", "ClusterRole With Pod Exec Created",
    }  # fmt: skip
    assert {rule for name, rule in in_guide if name == "gke"} == {
        "Create/Modify Configmap With Private Credentials",
        "Attach/Exec Pod",
    }
    seed = {name: sum(limit.seed for limit in cloud.limits) for name, cloud in clouds().platforms.items()}
    assert seed == {"eks": 2, "gke": 5, "aks": 0, "iks": 2}
    assert [limit.seed for limit in clouds().everywhere.limits] == [True]


def test_a_preview_is_told_how_many_rules_and_where_to_read_which() -> None:
    (line,) = limits_of("gke", "activity")
    assert "cannot fire: 3, fire for some requests only: 4, fire with an empty field: 1, give false alarms: 5" in line
    assert "of Falco's 48 audit rules" in line
    assert "k8s-audit policy coverage --platform gke --variant activity, docs/coverage.md" in line
    assert limits_of("gke") == [line]
    assert limits_of("iks", "verbose") == []
    with pytest.raises(
        ConfigError, match=r"platform: unknown; given: 'ekz'; did you mean eks\? allowed: eks, gke, aks, iks"
    ):
        limits_of("ekz")
    with pytest.raises(
        ConfigError, match=r"variant of aks: unknown; given: 'admin'; .*allowed: kube-audit, kube-audit-admin"
    ):
        limits_of("aks", "admin")


def test_the_page_shows_the_data() -> None:
    """When this fails, put what `matrix()` and `reasons()` give into the page."""
    page = (CHECKOUT / "docs" / "coverage.md").read_text()
    assert matrix() in page
    assert page.endswith(reasons())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["policy", "coverage", *arguments])


def test_the_command_tells_of_each_rule_and_why(tmp_path: Path) -> None:
    told = run("--platform", "aks", "--variant", "kube-audit-admin").stdout
    assert "K8s Secret Get Successfully: kube-audit-admin has no get and no list (https://learn.microsoft.com" in told
    assert "as on a cluster of your own: 23 of 48 rules" in told
    mine = tmp_path / "rules.yaml"
    mine.write_text("- rule: Attach/Exec Pod\n- rule: Mine\n- rule: K8s Namespace Created\n- macro: x\n")
    told = json.loads(run("--platform", "gke", "--rules", str(mine), "--json").stdout)
    assert {(each["rule"], each["effect"]) for each in told["effects"]} == {
        ("Attach/Exec Pod", "empty-output"),
        ("Attach/Exec Pod", "partly-silent"),
    }
    assert (told["unaffected"], told["notJudged"]) == (["K8s Namespace Created"], ["Mine"])


@pytest.mark.parametrize(
    ("arguments", "text", "said"),
    [
        (["--platform", "gcp"], "", "given: 'gcp'"),
        (["--platform", "aks", "--variant", "all"], "", "allowed: kube-audit, kube-audit-admin"),
        (["--platform", "eks", "--rules", "FILE"], "[", "--rules: "),
        (["--platform", "eks", "--rules", "FILE"], "a: b", "a rules file of Falco is needed"),
        (["--platform", "eks", "--rules", "/nowhere"], "", "No such file"),
    ],
)
def test_bad_input_is_one_message(arguments: list[str], text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    refused = run(*(str(file) if argument == "FILE" else argument for argument in arguments))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_what_is_not_verified_says_so() -> None:
    assert any(each.unverified for each in effects_of("aks", "kube-audit-admin"))
    assert "not verified" in run("--platform", "aks", "--variant", "kube-audit-admin").stdout
