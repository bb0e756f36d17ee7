"""Bring several cluster stacks up by Pulumi's Automation API: in waves, so many at once, and none begun after the first that is not proved.

    python examples/rollout.py --wave canary --wave prod-1,prod-2,prod-3 --parallel 3

Run it in the folder of Pulumi.yaml. A line a cluster as it goes, a table at the end. Stopped or failed, the same command goes on where it
was: a stack that is proved is not brought up again (`--again` does), unless its file, a file or chart that it names, or the program has
changed since. Exit codes: 0 all proved, 1 one is not, 2 bad input, 3 no pulumi.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from shutil import which

from k8s_audit.cli.exits import BAD_INPUT, INTERRUPTED, NOT_SO, TOOL_FAILED
from k8s_audit.cli.stack_file import load
from k8s_audit.cli.table import table
from k8s_audit.errors import ConfigError
from k8s_audit.fleet.engine import bring_up
from k8s_audit.fleet.progress_file import ProgressFile
from k8s_audit.fleet.waves import FAILED, PROVED, Result, roll_out

HEAD = ("STACK", "WAVE", "RESULT", "SECONDS", "LAST PROOF")


def main() -> int:
    """Judge all stack files first, then roll out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wave", action="append", required=True, help="stacks with commas between; several times")
    parser.add_argument("--parallel", type=int, default=3, choices=range(1, 17), metavar="N", help="how many at once")
    parser.add_argument("--again", action="store_true", help="those too that an earlier run has proved")
    given = parser.parse_args()
    waves = [[stack.strip() for stack in wave.split(",") if stack.strip()] for wave in given.wave]
    project, stacks = Path.cwd(), [stack for wave in waves for stack in wave]
    faults = [f"--wave: {stack} is there twice" for stack in sorted({s for s in stacks if stacks.count(s) > 1})]
    for stack in stacks:
        try:
            load(project, stack)
        except ConfigError as error:
            faults += [f"{stack}: {fault}" for fault in error.faults]
    if faults or not stacks:
        print("\n".join(faults or ["--wave: a stack's name is needed"]), file=sys.stderr)
        return BAD_INPUT
    if not which("pulumi"):
        print("pulumi is not on the PATH", file=sys.stderr)
        return TOOL_FAILED
    progress = ProgressFile(project)
    if given.again:
        progress.remove()

    def ended(result: Result) -> None:
        if result.outcome == PROVED:
            progress.add(result.stack)
        print(line(result), file=sys.stderr if result.outcome == FAILED else sys.stdout, flush=True)

    try:
        results = roll_out(
            waves,
            partial(bring_up, project),
            given.parallel,
            progress.done(),
            began=lambda stack: print(f"{stack}: began", flush=True),
            ended=ended,
        )
    except KeyboardInterrupt:
        print("interrupted; the same command goes on where it was", file=sys.stderr)
        return INTERRUPTED
    print(table(HEAD, [row(result) for result in results]))
    if any(result.outcome == FAILED for result in results):
        return NOT_SO
    progress.remove()
    return 0


def line(result: Result) -> str:
    """One cluster's, as it goes."""
    if result.outcome == PROVED:
        slowest = max(float(proof["latencySeconds"]) for proof in result.proofs)
        count = len(result.proofs)
        return f"{result.stack}: proved, {count} of {count} API servers, an event after {slowest:.2f} s ({result.seconds:.0f} s)"
    return f"{result.stack}: {result.outcome}{f': {result.said}' if result.said else ''}"


def row(result: Result) -> list[str]:
    """One line of the table."""
    seconds = f"{result.seconds:.0f}" if result.seconds else "-"
    proof = str(result.proofs[-1].get("auditID", "-")) if result.proofs else "-"
    return [result.stack, str(result.wave), result.outcome, seconds, proof]


if __name__ == "__main__":
    sys.exit(main())
