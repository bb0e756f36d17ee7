"""What a user waits for `pulumi preview` of the stack `local`: measured because a preview is what a change is judged by, many times a day."""

from benchmarks.previews import against_an_empty_program
from benchmarks.projects import audit_project
from benchmarks.rounds import Row

ROUNDS = 7
GOAL = 1.5


def run() -> list[Row]:
    """Measure it and an empty program."""
    with audit_project() as ours:
        return against_an_empty_program("preview", {"the stack local": ours}, ROUNDS, GOAL)
