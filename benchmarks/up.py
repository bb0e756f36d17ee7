"""How long `make up` takes once its tools and Python packages are there: from nothing to a proved, audited cluster.

The commands are those of the Makefile, in a copy of the project on other ports. After each round `make down`'s command
takes the stack away, so that each round begins with nothing.
"""

from benchmarks.progress import say
from benchmarks.projects import STACK, audit_project, down
from benchmarks.rounds import Row

ROUNDS = 5
GOAL = 60.0
"""Seconds."""
COMMANDS = {
    "stack": ("pulumi", "stack", "select", "--create", STACK, "--non-interactive"),
    "up": ("pulumi", "up", "--stack", STACK, "--refresh", "--yes", "--skip-preview", "--non-interactive"),
    "verify": ("k8s-audit", "verify", "--stack", STACK),
}


def run() -> list[Row]:
    """Measure it."""
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with audit_project() as project:
        for number in range(ROUNDS):
            for name, command in COMMANDS.items():
                taken[name].append(project.run(*command))
            say(f"up: round {number + 1} of {ROUNDS}: {sum(seconds[-1] for seconds in taken.values()):.1f} s")
            down(project)
    whole = [sum(parts) for parts in zip(*taken.values(), strict=True)]
    return [
        Row("make up, warm caches", whole, "s", GOAL),
        Row("of it pulumi up", taken["up"], "s"),
        Row("of it k8s-audit verify", taken["verify"], "s"),
    ]
