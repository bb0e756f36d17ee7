"""`k8s-audit verify --scenario NAME`: make suspicious requests on purpose, and follow each event to the receiver."""

import json
from pathlib import Path
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from k8s_audit.cli.exits import INTERRUPTED, NOT_SO, TOOL_FAILED
from k8s_audit.cli.progress import working
from k8s_audit.cli.table import table
from k8s_audit.config import places
from k8s_audit.config.judge import judge
from k8s_audit.config.model import Name
from k8s_audit.config.receivers.helm import ChartConfig
from k8s_audit.config.receivers.recorder import RecorderReceiver
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import ConfigError, DeliveryError
from k8s_audit.faults import nearest, shown
from k8s_audit.receivers.endpoint import ACCEPTED, ReceiverEndpoint
from k8s_audit.scenarios import event_generator
from k8s_audit.scenarios.catalog import SCENARIOS
from k8s_audit.scenarios.follow import SENT, Followed, followed, levels
from k8s_audit.scenarios.run import NOT_FOUND, Sent, ask, leftovers, run
from k8s_audit.scenarios.scenario import ALL, Scenario

HEAD = ("SCENARIO", "REQUEST", "ANSWER", "AUDIT ID", "LEVEL", "RECEIVER", "SHOULD FIRE")


def chosen(
    name: str, chart: str | None = None, repository: str | None = None, values: Path | None = None
) -> list[Scenario]:
    """The scenarios of a name, or of `all`.

    Args:
        name: a scenario's, `all`, or `event-generator`.
        chart: for event-generator: a folder or .tgz of its chart.
        repository: for event-generator: a mirror of its chart's repository.
        values: for event-generator: a file of further values.

    Raises:
        ConfigError: there is none of this name, or its chart is not there.
        ToolError: helm is missing or fails.
    """
    if name == event_generator.NAME:
        origin = {"path": chart, "repository": repository}
        config = judge(ChartConfig, "--chart", {key: value for key, value in origin.items() if value})
        return [event_generator.event_generator(config, values)]
    if chart or repository or values:
        raise ConfigError([f"--chart, --chart-repository, --chart-values: are for --scenario {event_generator.NAME}"])
    if name == ALL:
        return list(SCENARIOS.values())
    if name not in SCENARIOS:
        known = [*SCENARIOS, event_generator.NAME, ALL]
        raise ConfigError([f"--scenario: unknown; given: {shown(name)}; {nearest(name, known)}"])
    return [SCENARIOS[name]]


def try_scenarios(
    stack: Stack, folder: Path, scenarios: list[Scenario], namespace: str, run_pods: bool, as_json: bool
) -> None:
    """Run scenarios at a stack's first API server, print a row for each request, and exit.

    Args:
        stack: its configuration.
        folder: where it keeps what runs on this machine.
        scenarios: which.
        namespace: where the objects are made.
        run_pods: let pods be scheduled.
        as_json: print JSON alone on stdout.

    Raises:
        ConfigError: there is no such namespace, or events leave by a stream.
        typer.Exit: 0 all events reached the receiver, or it can't be asked; 1 one did not; 3 the API server or receiver
            cannot be asked, or something is left behind.
    """
    try:
        with working("making requests, and following their events"):
            rows, behind = _tried(stack, folder, scenarios, namespace, run_pods)
    except DeliveryError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    except KeyboardInterrupt:
        typer.echo("interrupted; what was created is removed", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(json.dumps(rows, indent=2) if as_json else table(HEAD, [_cells(row) for row in rows]))
    for path in behind:
        typer.echo(f"left behind: {path}", err=True)
    if behind:
        raise typer.Exit(TOOL_FAILED)
    raise typer.Exit(NOT_SO if any(_missing(row) for row in rows) else 0)


def _tried(
    stack: Stack, folder: Path, scenarios: list[Scenario], namespace: str, run_pods: bool
) -> tuple[list[dict[str, Any]], list[str]]:
    """A row for each request, and what could not be removed."""
    if stack.streams:
        raise ConfigError(
            [
                f"--scenario: events of kind {stack.platform.kind} leave by a stream, where single ones cannot be followed; without it a marked event is"
            ]
        )
    endpoint = _endpoint(stack, folder)
    with ApiServer(places.api_servers(stack, folder)[0], places.kubeconfig(stack, folder)) as server:
        _refuse_namespace(server, namespace)
        if any(scenario.job for scenario in scenarios):
            event_generator.refuse_without_node(server)
        removed, left = leftovers(scenarios, server, namespace)
        for path in removed:
            typer.echo(f"removed what an earlier run left: {path}", err=True)
        for path in left:
            typer.echo(f"of an earlier run: {path}", err=True)
        sent: list[Sent] = []
        behind: list[str] = []
        before = server.counters()
        for scenario in scenarios:
            done = run(scenario, server, namespace, run_pods)
            sent += done.sent
            behind += done.left
        ids = [one.answer.audit_id for one in sent]
        far = followed(endpoint, ids, seconds(stack.proof_timeout()), server, before)
    recorded = _levels(stack, folder, ids)
    return [_row(one, far[one.answer.audit_id], recorded.get(one.answer.audit_id), endpoint) for one in sent], behind


def _missing(row: dict[str, Any]) -> bool:
    """Whether it can be told that the event did not come."""
    return row["proof"] != SENT and row["latencySeconds"] is None


def _cells(row: dict[str, Any]) -> list[str]:
    if row["proof"] == SENT:
        reached = "sent; this receiver can't be asked"
    elif _missing(row):
        reached = f"did not reach {row['receiver']}"
    elif row["proof"] == ACCEPTED:
        reached = f"{row['receiver']} accepted a batch after it"
    else:
        reached = f"{row['receiver']} after {row['latencySeconds']:.2f} s"
    return [
        row["scenario"],
        row["request"],
        str(row["status"]),
        row["auditID"],
        row["level"] or "?",
        reached,
        row["rule"] or "-",
    ]


def _row(sent: Sent, far: Followed, level: str | None, endpoint: ReceiverEndpoint | None) -> dict[str, Any]:
    return {
        "scenario": sent.scenario,
        "request": f"{sent.step.method} {sent.path}{' (dry run)' if sent.step.dry_run else ''}",
        "status": sent.answer.status,
        "auditID": sent.answer.audit_id,
        "level": level,
        "receiver": endpoint.name if endpoint else None,
        "proof": far.proof,
        "latencySeconds": None if far.received_at is None else round(max(far.received_at - sent.at, 0.0), 3),
        "rule": sent.step.rule or None,
    }


def _endpoint(stack: Stack, folder: Path) -> ReceiverEndpoint | None:
    """None: the stack's receivers take AdmissionReviews alone, or are in the cluster at an address that is not known here."""
    try:
        return places.endpoint(stack, folder)
    except DeliveryError:
        return None


def _levels(stack: Stack, folder: Path, ids: list[str]) -> dict[str, str]:
    """The levels by the file of a recorder on this machine; no other receiver tells."""
    recorders = [receiver for receiver in stack.receivers if isinstance(receiver, RecorderReceiver)]
    return levels(places.recorder(recorders[0], folder).events, ids) if recorders else {}


def _refuse_namespace(server: ApiServer, namespace: str) -> None:
    try:
        TypeAdapter(Name).validate_python(namespace)
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError([f"--namespace: {message}; given: {shown(namespace)}"]) from None
    if ask(server, "GET", f"/api/v1/namespaces/{namespace}").status == NOT_FOUND:
        raise ConfigError([f"--namespace: the cluster has none of this name; given: {namespace}"])
