"""Defaults for all stacks in Pulumi.yaml: the engine and each command of ours take the same; a stack's own value replaces a whole key."""

from collections.abc import Callable
from typing import Any

import pytest

from k8s_audit.cli.environments import read_environments
from k8s_audit.cli.stack_file import load
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import ConfigError

DEFAULTS = """\
config:
  audit:receivers: {value: [{kind: http, name: siem, url: "https://siem.example/audit"}]}
  policy: {value: {profile: full}}
  audit:delivery: {value: {maxWait: 777ms, bufferSize: 4242}}
"""
STACK = """\
config:
  audit:cluster: {name: prod-1, kubeconfig: admin.conf}
  audit:platform: {kind: kubeadm, hosts: [{access: ssh, address: 10.0.0.1, user: ops}]}
"""


def test_engine_and_commands_take_the_same_defaults(new_project: Callable[..., Any]) -> None:
    project = new_project(STACK)
    file = project.folder / "Pulumi.yaml"
    alone = project.command("render", "--stack", project.stack)
    assert "audit:receivers: missing" in alone.stderr
    file.write_text(file.read_text() + DEFAULTS)
    preview = project.run("preview", "--diff").stdout
    rendered = project.command("render", "--stack", project.stack).stdout
    for text in ("777ms", "4242", "https://siem.example/audit"):
        assert text in rendered
        assert text in preview

    project.write(STACK + "  audit:delivery: {maxWait: 888ms}\n  audit:policy: {profile: detection}\n")
    own = project.run("preview", "--diff").stdout
    rendered = project.command("render", "--stack", project.stack).stdout
    for text in (own, rendered):
        assert "888ms" in text
        assert "4242" not in text
    file.write_text(file.read_text().replace("audit:delivery", "audit:delivry"))
    wrong = project.command("render", "--stack", project.stack)
    assert "audit:delivry: unknown key; did you mean delivery?" in wrong.stderr


def test_what_pulumi_tells_of_a_stack_is_what_its_file_and_the_defaults_say(
    new_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is asked where a file imports environments of Pulumi ESC; no environment can be had here."""
    project = new_project(STACK)
    file = project.folder / "Pulumi.yaml"
    file.write_text(file.read_text() + DEFAULTS)
    project.set_secret("sshPrivateKey", "x")
    for name, value in project.environment().items():
        monkeypatch.setenv(name, value)
    values, secrets = read_environments(project.folder, project.stack)
    assert secrets == {"audit:sshPrivateKey"}
    assert load_stack(values, secrets) == load(project.folder, project.stack)
    project.stack_file.write_text(project.stack_file.read_text() + "environment:\n- prod\n")
    with pytest.raises(ConfigError, match=r"imports environments, which pulumi cannot open: .*support environments"):
        load(project.folder, project.stack)
