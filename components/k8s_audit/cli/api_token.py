"""What `k8s-audit doctor` says of the Sysdig Secure API tokens that a stack's receivers need."""

import os
from collections.abc import Callable
from pathlib import Path

import typer

from k8s_audit.config.stack import Stack
from k8s_audit.errors import ToolError
from k8s_audit.receivers.sysdig_api import SECRET, VARIABLE, Finding, api_url, authorities, read_token, try_token


def tell_token(stack: Stack, file: Path | None, secret: Callable[[str], str]) -> bool:
    """Try the token for each receiver that needs one, and print what its back end says; whether it is in the way.

    Args:
        stack: its configuration.
        file: holds the token; None: the environment's, else the stack's own.
        secret: the value of one of the stack's secret keys.

    Raises:
        ConfigError: the file or variable holds no token.
    """
    receivers = [receiver for receiver in stack.receivers if SECRET in receiver.secrets()]
    token, why_not = _token(file, secret) if receivers or file else (None, "")
    in_the_way = False
    for receiver in receivers:
        url = api_url(receiver)
        typer.echo(f"receiver {receiver.name}: the Sysdig Secure API token")
        if token is None:
            typer.echo(f"  not tried: {why_not}; set {VARIABLE}, or --token-file FILE")
            continue
        found = try_token(url, token, authorities(receiver)) if url else Finding(f"{receiver.kind} names no back end")
        for line in found.said:
            typer.echo(f"  {line}")
        if found.obstacle:
            typer.echo(f"  in the way: {found.obstacle}")
            in_the_way = True
    return in_the_way


def _token(file: Path | None, secret: Callable[[str], str]) -> tuple[str | None, str]:
    """The token; or why there is none."""
    given = read_token(file, os.environ.get(VARIABLE, ""))
    if given:
        return given, ""
    try:
        return secret(SECRET).strip(), ""
    except ToolError as error:
        return None, str(error).partition("\n")[0].rstrip(".")
