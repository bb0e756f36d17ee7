"""`k8s-audit verify`: prove again that events of each API server reach the receiver; with --scenario: which, and how."""

import json
import time
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Annotated

import typer

from k8s_audit.cli import secrets, stack_file
from k8s_audit.cli.api_token import token_findings
from k8s_audit.cli.exits import BAD_INPUT, NOT_SO, TOOL_FAILED
from k8s_audit.cli.progress import working
from k8s_audit.cli.scenario import chosen, try_scenarios
from k8s_audit.config import places
from k8s_audit.config.stack import Stack
from k8s_audit.control_plane.durations import seconds
from k8s_audit.delivery.admission_proof import prove_admission
from k8s_audit.delivery.api_server import NAMESPACE
from k8s_audit.delivery.each_api_server import prove_all
from k8s_audit.delivery.forwarder.proof import prove_forwarded
from k8s_audit.delivery.heartbeat import exposition, write_textfile
from k8s_audit.delivery.proof import Proof
from k8s_audit.errors import ConfigError, DeliveryError, K8sAuditError, ReceiverError
from k8s_audit.receivers.endpoint import ACCEPTED, ADMISSION, AUDIT_ID, FORWARDED

SEEN = {
    AUDIT_ID: "event {}",
    ACCEPTED: "a batch after request {}",
    ADMISSION: "the review of request {}",
    FORWARDED: "the event of request {}",
}
"""What was seen, by the kind of the proof."""


def verify(
    stack: Annotated[str, typer.Option(help="the stack's name, as in stacks/Pulumi.<stack>.yaml")],
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="print the proofs as JSON alone")] = False,
    textfile: Annotated[
        Path | None, typer.Option(help="write when that was, for Prometheus' node exporter: FOLDER/NAME.prom")
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="make suspicious requests on purpose and follow their events: privileged-pod, …, or all")
    ] = "",
    namespace: Annotated[str, typer.Option(help="where a scenario makes its objects")] = NAMESPACE,
    run_pods: Annotated[bool, typer.Option("--run-pods", help="let a scenario's pods really run")] = False,
    chart: Annotated[str | None, typer.Option(help="event-generator: its chart's folder or .tgz")] = None,
    chart_repository: Annotated[str | None, typer.Option(help="event-generator: a mirror of its repository")] = None,
    chart_values: Annotated[Path | None, typer.Option(help="event-generator: a file of further values")] = None,
) -> None:
    """Prove that events arrive: 0 proved, 1 not proved (with a diagnosis), 2 bad input, 3 a tool failed."""
    try:
        scenarios = chosen(scenario, chart, chart_repository, chart_values) if scenario else []
        config = stack_file.load(project, stack)
        folder = places.stack_folder(project, stack)
        if scenarios:
            try_scenarios(config, folder, scenarios, namespace, run_pods, as_json)
        with working(f"asking each API server of {stack}"):
            proofs = _prove(config, folder)
        if textfile:
            write_textfile(textfile, exposition(stack, proofs, time.time()))
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(BAD_INPUT) from None
    except (DeliveryError, ReceiverError) as error:
        typer.echo(f"not proved: {error}", err=True)
        raise typer.Exit(NOT_SO) from None
    except K8sAuditError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(TOOL_FAILED) from None
    if as_json:
        typer.echo(json.dumps([proof.as_output() for proof in proofs], indent=2))
        return
    for proof in proofs:
        which = f"{proof.api_server} on {proof.node}" if proof.node else proof.api_server
        typer.echo(
            f"proved: {SEEN[proof.proof].format(proof.audit_id)} of {which} was accepted by {proof.receiver}"
            f" after {proof.latency_seconds:.2f} s"
        )
    with suppress(ConfigError):  # a faulty token in the environment; what was asked for is proved
        for finding in token_findings(config, None, secrets.reader(project, stack)):
            typer.echo(finding.text())


def _prove(stack: Stack, folder: Path) -> list[Proof]:
    """One proof for each API server and receiver."""
    kubeconfig, timeout = places.kubeconfig(stack, folder), seconds(stack.proof_timeout())
    urls = places.api_servers(stack, folder)
    proofs = []
    takers = [receiver.name for receiver in stack.receivers if receiver.takes() == "events"]
    if stack.streams and (takers or not stack.receivers):
        wait = seconds(stack.delivery.proof_timeout(stream=True))
        forwarder = places.forwarder(stack)
        proofs += [prove_forwarded(kubeconfig, receiver, forwarder, wait) for receiver in takers]
    elif takers:
        endpoint = places.endpoint(stack, folder)
        pods = stack.platform.api_server_pods()
        proofs += prove_all(urls, pods, kubeconfig, endpoint, timeout, Event(), lambda _: None)
    for receiver, webhook in places.webhooks(stack):
        proofs += [prove_admission(url, kubeconfig, receiver, webhook, timeout) for url in urls]
    return proofs
