"""`k8s-audit status`: over all stacks, for auditors: who receives the events of which cluster, and when that was last proved."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from k8s_audit.cli import stack_file
from k8s_audit.cli.exits import BAD_INPUT, NOT_SO, TOOL_FAILED
from k8s_audit.cli.progress import working
from k8s_audit.cli.table import table
from k8s_audit.errors import ConfigError, ToolError
from k8s_audit.fleet.states import States
from k8s_audit.fleet.status import FAULTY, SHOWN, UNREADABLE, UP, Status, last, status_of

HEAD = ("STACK", "CLUSTER", "PLATFORM", "RECEIVERS", "POLICY", "DELIVERY", "STATE", "LAST PROOF")


def status(
    stacks: Annotated[list[str] | None, typer.Argument(help="names of stacks; default: all that have a file")] = None,
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    jobs: Annotated[int, typer.Option(min=1, max=32, help="how many states are read at once")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, one object a stack")] = False,
) -> None:
    """Tell of each stack what its file and state say: 0 all up and proved, 1 one is not, 2 bad input, 3 a state is not readable."""
    try:
        names = _names(project, stacks or [])
        with working(f"reading {len(names)} states"):
            found = _look(project, names, jobs)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except ToolError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    if as_json:
        typer.echo(json.dumps([_data(each) for each in found], indent=2))
    else:
        typer.echo(table(HEAD, [_cells(each) for each in found]))
        for each in found:
            for line in each.why:
                typer.echo(f"{each.stack}: {line}")
    states = {each.state for each in found}
    if states == {UP} and not any(each.why for each in found):
        return
    raise typer.Exit(BAD_INPUT if FAULTY in states else TOOL_FAILED if UNREADABLE in states else NOT_SO)


def _names(project: Path, given: list[str]) -> list[str]:
    """The stacks that are looked at.

    Raises:
        ConfigError: one has no file, or there is none at all.
    """
    known = stack_file.names(project)
    unknown = [name for name in given if name not in known]
    if unknown or not known:
        allowed = ", ".join(known) or "none here; run this in the folder of Pulumi.yaml, or set --project"
        raise ConfigError([f"{name}: has no stack file; allowed: {allowed}" for name in unknown or ["stacks"]])
    return list(dict.fromkeys(given)) or known


def _look(project: Path, names: list[str], jobs: int) -> list[Status]:
    """The status of each, in their order.

    Raises:
        ToolError: the backend does not answer.
    """
    states = States(project)
    known = states.known()

    def one(name: str) -> Status:
        try:
            stack = stack_file.load(project, name)
        except ConfigError as error:
            return Status(name, FAULTY, error.faults)
        try:
            return status_of(name, stack, states.deployment(name) if name in known else None)
        except ToolError as error:
            return replace(status_of(name, stack, None), state=UNREADABLE, why=[str(error)])

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, names))


def _data(status: Status) -> dict[str, Any]:
    told = asdict(status)
    told["lastUpdate"] = told.pop("last_update") or None
    return told


def _cells(status: Status) -> list[str]:
    policy = status.policy.get("profile") or status.policy.get("file") or status.policy.get("by", "")
    digest = status.policy.get("digest", "").removeprefix("sha256:")[:SHOWN]
    proof = last(status)
    shown = ""
    if proof:
        latency = proof.get("latencySeconds")
        after = f" after {latency:.2f} s" if isinstance(latency, int | float) else ""
        shown = f"{str(proof['at'])[:19]}Z {proof.get('auditID', '')}{after}"
    receivers = ", ".join(f"{each['name']} ({each['kind']})" for each in status.receivers)
    cells = (status.cluster, status.platform, receivers, f"{policy} {digest}".strip(), status.delivery, status.state)
    return [status.stack, *(cell or "-" for cell in (*cells, shown))]
