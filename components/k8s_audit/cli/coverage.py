"""`k8s-audit policy coverage`: what a managed cloud does to Falco's rules."""

import json
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from k8s_audit.audit_policy.coverage import SAID, RuleEffect, cloud_of, clouds, effects_of, log_limits_of
from k8s_audit.cli.exits import BAD_INPUT
from k8s_audit.errors import ConfigError


def coverage(
    platform: Annotated[str, typer.Option(help="eks, gke, aks or iks")],
    variant: Annotated[str | None, typer.Option(help="what of it is switched on; the first one if left out")] = None,
    rules: Annotated[Path | None, typer.Option(help="a rules file of Falco: tell of its rules alone")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout")] = False,
) -> None:
    """Tell which of Falco's audit rules cannot fire on a cloud, fire with empty fields, or give false alarms."""
    try:
        cloud, variant = cloud_of(platform, variant)
        effects = effects_of(platform, variant)
        wanted = _rules_of(rules) if rules else None
    except ConfigError as error:
        typer.echo("\n".join(error.faults), err=True)
        raise typer.Exit(BAD_INPUT) from None
    judged = clouds().falco.rules
    asked = judged if wanted is None else wanted
    effects = [effect for effect in effects if effect.rule in asked]
    told: dict[str, Any] = {
        "platform": platform,
        "variant": variant,
        "variants": cloud.variants,
        "effects": [asdict(effect) for effect in effects],
        "unaffected": sorted({rule for rule in asked if rule in judged} - {effect.rule for effect in effects}),
        "notJudged": sorted(set(asked) - set(judged)),
        "limits": [limit.text for limit in log_limits_of(platform)],
    }
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(f"{cloud.title}, {variant}: {cloud.variants[variant]}")
    for effect, several in groupby(effects, key=lambda each: each.effect):
        typer.echo(f"\n{SAID[effect]}")
        for each in several:
            typer.echo(f"  {_line(each)}")
    typer.echo(f"\nas on a cluster of your own: {len(told['unaffected'])} of {len(asked)} rules")
    if told["notJudged"]:
        typer.echo(f"\nnot judged: {', '.join(told['notJudged'])}")
    typer.echo("\nof the log itself:")
    for text in told["limits"]:
        typer.echo(f"  {text}")


def _line(effect: RuleEffect) -> str:
    doubt = ", not verified" if effect.unverified else ""
    return f"{effect.rule}: {effect.reason} ({effect.source}{doubt})"


def _rules_of(file: Path) -> list[str]:
    try:
        documents = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([f"--rules: {file}: {' '.join(str(error).split())}"]) from None
    entries = documents if isinstance(documents, list) else []
    names = [str(entry["rule"]) for entry in entries if isinstance(entry, dict) and "rule" in entry]
    if not names:
        raise ConfigError([f"--rules: {file}: a rules file of Falco is needed, a YAML list with entries `rule`"])
    return names
