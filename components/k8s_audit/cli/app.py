"""The command `k8s-audit`. Exit codes: 0 done, 1 the thing asked about is not so, 2 bad input, 3 a tool or host failed."""

import typer

from k8s_audit.cli import policy
from k8s_audit.cli.alerts import alerts
from k8s_audit.cli.convert import convert
from k8s_audit.cli.cost import cost
from k8s_audit.cli.doctor import doctor
from k8s_audit.cli.guard import Guarded
from k8s_audit.cli.init import init
from k8s_audit.cli.render import render
from k8s_audit.cli.status import status
from k8s_audit.cli.summarize import summarize
from k8s_audit.cli.touched import touched
from k8s_audit.cli.verify import verify

app = typer.Typer(cls=Guarded, help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(policy.app, name="policy")
app.command()(alerts)
app.command()(convert)
app.command()(cost)
app.command()(doctor)
app.command()(render)
app.command()(init)
app.command()(status)
app.command()(summarize)
app.command()(touched)
app.command()(verify)


@app.callback()
def main() -> None:
    """Kubernetes audit logging on every cluster, as code."""
