"""The tables of docs/coverage.md, from the data that `coverage.py` reads; a test holds the page to them."""

from k8s_audit.audit_policy.coverage import Effect, Everywhere, Limit, clouds, effects_of

SHORT = {
    "silent": "silent",
    "partly-silent": "in part",
    "empty-output": "empty field",
    "false-alarm": "false alarms",
    "unknown": "not known",
}
"""An effect, as a cell of the table says it."""


def matrix() -> str:
    """One row for each rule that some cloud affects, one column for each variant of a cloud."""
    columns = [(name, variant) for name, cloud in clouds().platforms.items() for variant in cloud.variants]
    cells: dict[str, dict[tuple[str, str], list[str]]] = {}
    for column in columns:
        for each in effects_of(*column):
            cells.setdefault(each.rule, {}).setdefault(column, []).append(SHORT[each.effect])
    rows = [["rule", *(" ".join(column) for column in columns)], ["---"] * (len(columns) + 1)]
    rows += [[rule, *(", ".join(cells[rule].get(column, ["·"])) for column in columns)] for rule in sorted(cells)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def reasons() -> str:
    """For everywhere and for each cloud: its variants, why each rule is affected, and the limits of its log."""
    parts = [f"## On every cluster\n\n{_reasons(clouds().everywhere)}"]
    for name, cloud in clouds().platforms.items():
        variants = "".join(f"- `{variant}`: {meaning}\n" for variant, meaning in cloud.variants.items())
        parts.append(f"## {name}: {cloud.title}\n\n{variants}\n{_reasons(cloud)}")
    return "\n".join(parts)


def _reasons(part: Everywhere) -> str:
    rows = [
        f"| {', '.join(each.rules)} | {_effect(each)} | {each.reason} | {_source(each)} |\n" for each in part.effects
    ]
    limits = [f"- {each.text}: {_source(each)}\n" for each in part.limits]
    return "".join(["| rules | effect | why | source |\n| --- | --- | --- | --- |\n", *rows, "\n", *limits])


def _effect(effect: Effect) -> str:
    return " ".join([SHORT[effect.effect], *(f"`{variant}`" for variant in effect.variants)])


def _source(each: Effect | Limit) -> str:
    marks = [" (not verified)"] * each.unverified + [" (in Sysdig's guide)"] * each.seed
    return f"[{each.source}]({clouds().sources[each.source]}){''.join(marks)}"
