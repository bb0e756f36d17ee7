"""The command `k8s-audit`. Exit codes: 0 done, 1 the thing asked about is not so, 2 bad input."""

import typer

from k8s_audit.cli import policy

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(policy.app, name="policy")


@app.callback()
def main() -> None:
    """Kubernetes audit logging on every cluster, as code."""
