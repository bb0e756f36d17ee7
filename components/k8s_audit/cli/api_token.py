"""What `k8s-audit doctor` says of the Sysdig Secure API tokens that a stack's receivers need."""

import os
from pathlib import Path

import typer

from k8s_audit.config import Stack
from k8s_audit.receivers.sysdig_api import SECRET, VARIABLE, Finding, api_url, authorities, read_token, try_token


def tell_token(stack: Stack, file: Path | None) -> bool:
    """Try the token for each receiver that needs one, and print what its back end says; whether it is in the way.

    Args:
        stack: its configuration.
        file: holds the token; None: the environment's.

    Raises:
        ConfigError: the file or variable holds no token.
    """
    receivers = [receiver for receiver in stack.receivers if SECRET in receiver.secrets()]
    token = read_token(file, os.environ.get(VARIABLE, "")) if receivers or file else None
    in_the_way = False
    for receiver in receivers:
        url = api_url(receiver)
        typer.echo(f"receiver {receiver.name}: the Sysdig Secure API token")
        if token is None:
            typer.echo(f"  not tried: set {VARIABLE}, or --token-file FILE")
            continue
        found = try_token(url, token, authorities(receiver)) if url else Finding(f"{receiver.kind} names no back end")
        for line in found.said:
            typer.echo(f"  {line}")
        if found.obstacle:
            typer.echo(f"  in the way: {found.obstacle}")
            in_the_way = True
    return in_the_way
