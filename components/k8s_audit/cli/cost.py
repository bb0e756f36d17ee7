"""`k8s-audit cost`: what a month of a managed cloud's audit events costs."""

import json
from typing import Annotated, Any

import typer

from k8s_audit.cli.exits import BAD_INPUT
from k8s_audit.cost.estimate import Estimate, Line, Load, estimate, prices
from k8s_audit.errors import ConfigError


def cost(
    platform: Annotated[str, typer.Option(help="eks, gke or aks")],
    events_per_day: Annotated[float, typer.Option(help="audit events that leave the cluster")],
    bytes_per_event: Annotated[float, typer.Option(help="of one, on average")] = Load.bytes_per_event,
    region: Annotated[str | None, typer.Option(help="yours")] = None,
    data_access: Annotated[float, typer.Option(help="gke: share of events in the Data Access log")] = Load.data_access,
    retention_days: Annotated[float, typer.Option(help="eks: how long the log group keeps them")] = Load.retention_days,
    replicas: Annotated[int, typer.Option(help="of the forwarder")] = Load.replicas,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout")] = False,
) -> None:
    """Estimate a month's bill: the cloud's log, its stream, the forwarder's pods; US dollars, list prices."""
    load = Load(events_per_day, bytes_per_event, data_access, retention_days, replicas)
    try:
        made = estimate(platform, load, region)
    except ConfigError as error:
        typer.echo("\n".join(error.faults), err=True)
        raise typer.Exit(BAD_INPUT) from None
    if as_json:
        typer.echo(json.dumps(_data(made), indent=2))
        return
    typer.echo(
        f"{platform}, {events_per_day:,.0f} events a day of {bytes_per_event:,.0f} bytes; USD a month, {made.region}"
    )
    for line in made.lines:
        price = prices().prices[line.price]
        seen = "" if price.basis == "vendor" else f" ({price.basis})"
        typer.echo(f"  {line.usd:10,.2f}  {line.item}: {line.amount:,.2f} x {price.usd:g} per {price.unit}{seen}")
    typer.echo(f"  {made.usd:10,.2f}  together; the way of Sysdig's guide: about {made.seed_usd:,.2f}")
    for note in made.notes:
        typer.echo(f"  - {note}")
    typer.echo("  - prices change: each has its source and date in --json, and in docs/cost.md")


def _data(made: Estimate) -> dict[str, Any]:
    return {
        "platform": made.platform,
        "region": made.region,
        "currency": "USD",
        "perMonth": round(made.usd, 2),
        "lines": [_line(line) for line in made.lines],
        "guidesWay": {"perMonth": round(made.seed_usd, 2), "lines": [_line(line) for line in made.seed]},
        "notes": made.notes,
    }


def _line(line: Line) -> dict[str, Any]:
    price = prices().prices[line.price]
    told = price.model_dump(mode="json", by_alias=True)
    return {"item": line.item, "amount": round(line.amount, 3), "usd": round(line.usd, 2), "price": told}
