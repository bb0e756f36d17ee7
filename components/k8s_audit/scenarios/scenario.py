"""What a scenario is: requests to an API server, as data, each with the rule of a detection engine that it should trigger.

In a step's path and body `{name}` stands for the run's own name (with its nonce) and `{namespace}` for its namespace.
Rules are called by their names in Falco's audit rules
(https://github.com/falcosecurity/plugins/blob/main/plugins/k8saudit/rules/k8s_audit_rules.yaml); Sysdig's bear the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ALL = "all"
"""The name that stands for each scenario, one after the other."""


@dataclass(frozen=True)
class Step:
    """One request.

    Args:
        method: of HTTP.
        path: at the API server, query included.
        body: the object; its `metadata` is put in when it is sent.
        rule: the rule that should fire; empty: the step prepares, or no rule of Falco's is about it.
        name: the object's name.
        dry_run: the API server judges and audits the request, and stores nothing.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    rule: str = ""
    name: str = "{name}"
    dry_run: bool = False

    @property
    def creates(self) -> bool:
        """Whether an object of its own is there afterwards."""
        return self.method == "POST" and self.body is not None and not self.dry_run


@dataclass(frozen=True)
class Scenario:
    """What an intruder or a careless user would do.

    Args:
        name: what `--scenario` calls it.
        what: one line for people.
        steps: in their order.
        job: path of a Job that must have ended before anything is removed; empty: there is none.
    """

    name: str
    what: str
    steps: tuple[Step, ...]
    job: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that should fire."""
        return tuple(dict.fromkeys(step.rule for step in self.steps if step.rule))


def filled(value: Any, name: str, namespace: str) -> Any:
    """A path or body with the run's own name and namespace put in."""
    if isinstance(value, str):
        return value.replace("{name}", name).replace("{namespace}", namespace)
    if isinstance(value, Mapping):
        return {filled(key, name, namespace): filled(part, name, namespace) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [filled(part, name, namespace) for part in value]
    return value
