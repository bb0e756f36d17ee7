"""What a user waits for `pulumi preview` of several stacks, against a program that does nothing: the arms interleaved, in one run.

All use the same virtual environment and compiled modules, and new stacks, which are never deployed; the wall time is the whole command's.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from statistics import median

from benchmarks.progress import say
from benchmarks.projects import STACK, Project, empty_project
from benchmarks.rounds import Row, interleave, ratios

EMPTY = "an empty program"


def against_an_empty_program(name: str, stacks: Mapping[str, Project], rounds: int, goal: float) -> list[Row]:
    """Measure all arms.

    Args:
        name: the benchmark's, for its progress.
        stacks: a project a stack, each by the arm's name.
        rounds: how often each.
        goal: for the ratio of the medians.
    """
    preview = ("pulumi", "preview", "--stack", STACK, "--non-interactive")
    with ExitStack() as ends:
        arms = {EMPTY: ends.enter_context(empty_project()), **stacks}
        for project in arms.values():
            project.run("pulumi", "stack", "select", "--create", STACK, "--non-interactive")
            for secret in project.secrets:
                project.run("pulumi", "config", "set", "--secret", secret, "of-no-account", "--stack", STACK)
            project.run(*preview)  # compiles the modules, completes the charts
        taken: dict[str, list[float]] = {arm: [] for arm in arms}
        for number, arm in interleave(list(arms), rounds):
            taken[arm].append(arms[arm].run(*preview))
            say(f"{name}: round {number + 1} of {rounds}, {arm}: {taken[arm][-1]:.2f} s")
    empty = taken.pop(EMPTY)
    rows = [
        Row(f"{arm} ÷ {EMPTY}", ratios(found, empty), goal=goal, stands=median(found) / median(empty))
        for arm, found in taken.items()
    ]
    return [*rows, Row(EMPTY, empty, "s")]
