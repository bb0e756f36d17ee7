"""What a user waits for `pulumi preview` of the stack `local`, against a program that does nothing.

Measured because a preview is what a change is judged by, many times a day. Both projects use the same virtual
environment, compiled modules and a new stack, which is not deployed; the wall time is the whole command's.
"""

from statistics import median

from benchmarks.progress import say
from benchmarks.projects import STACK, audit_project, empty_project
from benchmarks.rounds import Row, interleave, ratios

ROUNDS = 7
GOAL = 1.5
"""For the ratio of the medians."""


def run() -> list[Row]:
    """Measure both arms."""
    preview = ("pulumi", "preview", "--stack", STACK, "--non-interactive")
    with audit_project() as ours, empty_project() as empty:
        arms = {"ours": ours, "empty": empty}
        for project in arms.values():
            project.run("pulumi", "stack", "select", "--create", STACK, "--non-interactive")
            project.run(*preview)  # compiles the modules
        taken: dict[str, list[float]] = {arm: [] for arm in arms}
        for number, arm in interleave(list(arms), ROUNDS):
            taken[arm].append(arms[arm].run(*preview))
            say(f"preview: round {number + 1} of {ROUNDS}, {arm}: {taken[arm][-1]:.2f} s")
    return [
        Row(
            "ours ÷ an empty program",
            ratios(taken["ours"], taken["empty"]),
            goal=GOAL,
            stands=median(taken["ours"]) / median(taken["empty"]),
        ),
        Row("ours", taken["ours"], "s"),
        Row("an empty program", taken["empty"], "s"),
    ]
