"""`python -m k8s_audit.cli`: the command, where it is not on the PATH."""

from k8s_audit.cli.app import app

app()
