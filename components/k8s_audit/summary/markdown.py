"""A preview as a comment for a pull request: what a reviewer needs, in words, and all the rest folded."""

from collections import Counter
from collections.abc import Iterator

from k8s_audit.config.registry import AUDITED
from k8s_audit.summary.cost_class import cost_class
from k8s_audit.summary.events import SAME, Preview, Step
from k8s_audit.summary.openings import openings
from k8s_audit.summary.policy_changes import rule_changes

CLOUDS = ("aws:", "gcp:", "azure-native:", "k8s-audit:index:Eks", "k8s-audit:index:Gke", "k8s-audit:index:Aks")
MOST = 60_000
"""Characters; GitHub's comments take 65,536 (https://docs.github.com/rest/issues/comments)."""
MARKER = "<!-- k8s-audit: {} -->"
"""The comment's first line, by which a pipeline finds the one that it made before."""
GENERIC = "preview failed"
"""What the engine says beside each violation of a mandatory policy."""
WORDS = {
    "create": "is turned on",
    "update": "changes",
    "delete": "is taken back",
    "replace": "is made anew",
    "create-replacement": "is made anew",
    "delete-replaced": "is taken back",
}


def render_summary(preview: Preview) -> str:
    """Render it.

    Args:
        preview: what the engine said.

    Returns:
        Markdown, short enough for a comment; the same for the same preview.
    """
    steps = [step for step in preview.steps if step.op not in SAME and not step.type.startswith("pulumi:")]
    title = f"### Audit logging: stack `{preview.stack}`" if preview.stack else "### Audit logging"
    blocks = [f"{MARKER.format(preview.stack)}\n{title}", _headline(preview, steps)]
    for heading, lines in (
        ("Policies violated", _violations(preview)),
        ("API servers that restart, in this order", _restarts(steps)),
        ("Audit policy", _policy(steps)),
        ("Ports", _ports(steps)),
        ("Cloud", _cloud(steps)),
        ("Warnings", [f"- {_cell(warning)}" for warning in dict.fromkeys(preview.warnings)]),
    ):
        if lines:
            blocks.append(f"**{heading}**\n\n" + "\n".join(lines))
    if steps:
        blocks.append(_details(steps, MOST - sum(map(len, blocks))))
    return "\n\n".join(blocks) + "\n"


def _headline(preview: Preview, steps: list[Step]) -> str:
    counts = Counter(step.op for step in steps)
    counted = ", ".join(f"{number} to {op}" for op, number in sorted(counts.items()))
    said = [f"{counted}." if steps else "Nothing changes."]
    errors = [error for error in dict.fromkeys(preview.errors) if error != GENERIC]
    if errors:
        said = ["**The preview failed.**", "\n".join(f"- {_cell(error)}" for error in errors), *said[: len(steps)]]
    elif any(violation.mandatory for violation in preview.violations):
        said.insert(0, "**A mandatory policy is violated: `up` would stop.**")
    return "\n\n".join(said)


def _violations(preview: Preview) -> list[str]:
    found = sorted(preview.violations, key=lambda one: not one.mandatory)
    return [
        f"- {'❌ mandatory' if one.mandatory else 'advisory'} `{one.policy}` at `{one.resource}`: {_cell(one.message)}"
        for one in found
    ]


def _restarts(steps: list[Step]) -> list[str]:
    return [
        f"{number}. `{_host(step)}`: auditing {WORDS.get(step.op, step.op)}" + _what(step)
        for number, step in enumerate((step for step in steps if step.type in AUDITED), 1)
    ]


def _host(step: Step) -> str:
    host = (step.new or step.old).get("host")
    return f"{host['name']} {host.get('apiServer', '')}".strip() if isinstance(host, dict) else step.name


def _what(step: Step) -> str:
    return f" ({', '.join(sorted(step.changed))})" if step.changed and step.op == "update" else ""


def _policy(steps: list[Step]) -> list[str]:
    lines: list[str] = []
    for step in steps:
        old, new = step.old.get("policy"), step.new.get("policy")
        if step.type in AUDITED and step.op == "update" and isinstance(old, str) and isinstance(new, str):
            added, removed = rule_changes(old, new)
            lines += [
                *(f"- added: {_cell(rule)}" for rule in added),
                *(f"- removed: {_cell(rule)}" for rule in removed),
            ]
    return list(dict.fromkeys(lines))


def _ports(steps: list[Step]) -> list[str]:
    return list(_openings(steps))


def _openings(steps: list[Step]) -> Iterator[str]:
    for step in steps:
        before, after = openings(step.type, step.old), openings(step.type, step.new)
        yield from (f"- opened: {one}, by `{step.name}`" for one in after if one not in before)
        yield from (f"- closed: {one}, by `{step.name}`" for one in before if one not in after)


def _cloud(steps: list[Step]) -> list[str]:
    return [
        f"- {step.op} `{step.type.rpartition(':')[2]}` `{step.name}`{cost and f': {cost}'}"
        for step in steps
        if step.type.startswith(CLOUDS) or cost_class(step.type)
        for cost in [cost_class(step.type)]
    ]


def _details(steps: list[Step], room: int) -> str:
    rows = [f"| {step.op} | `{step.type}` | `{step.name}` | {', '.join(sorted(step.changed))} |" for step in steps]
    kept: list[str] = []
    size = 0
    for row in rows:
        size += len(row) + 1
        if size > room - 300:
            kept.append(f"| … | {len(rows) - len(kept)} more | | |")
            break
        kept.append(row)
    table = "\n".join(["| step | type | name | inputs that change |", "| --- | --- | --- | --- |", *kept])
    return f"<details><summary>Each step ({len(rows)})</summary>\n\n{table}\n\n</details>"


def _cell(text: str) -> str:
    """On one line, and no markup of its own."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("@", "&#64;")
