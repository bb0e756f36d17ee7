"""What `k8s-audit doctor` says of the Sysdig Secure API tokens that a stack's receivers need."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from k8s_audit.cli.findings import Finding
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ToolError
from k8s_audit.receivers.sysdig_api import SECRET, VARIABLE, api_url, authorities, read_token, try_token
from k8s_audit.receivers.sysdig_api import Finding as Tried


def token_findings(stack: Stack, file: Path | None, secret: Callable[[str], str]) -> Iterator[Finding]:
    """Try the token for each receiver that needs one: what its back end says.

    Args:
        stack: its configuration.
        file: holds the token; None: the environment's, else the stack's own.
        secret: the value of one of the stack's secret keys.

    Raises:
        ConfigError: the file or variable holds no token.
    """
    receivers = [receiver for receiver in stack.receivers if SECRET in receiver.secrets()]
    token, why_not = _token(file, secret) if receivers or file else (None, "")
    for receiver in receivers:
        url = api_url(receiver)
        subject = f"receiver {receiver.name}: the Sysdig Secure API token"
        if token is None:
            yield Finding(subject, [f"not tried: {why_not}; set {VARIABLE}, or --token-file FILE"])
            continue
        found = try_token(url, token, authorities(receiver)) if url else Tried(f"{receiver.kind} names no back end")
        yield Finding(subject, found.said, [found.obstacle] if found.obstacle else [])


def _token(file: Path | None, secret: Callable[[str], str]) -> tuple[str | None, str]:
    """The token; or why there is none."""
    given = read_token(file, os.environ.get(VARIABLE, ""))
    if given:
        return given, ""
    try:
        return secret(SECRET).strip(), ""
    except ToolError as error:
        return None, str(error).partition("\n")[0].rstrip(".")
