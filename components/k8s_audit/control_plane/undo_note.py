"""The note that every host keeps: how to go back by hand, without Pulumi and without us."""

import posixpath
import shlex

from k8s_audit.control_plane.journal import Record


def undo_static_pod(record: Record, state_folder: str) -> str:
    """The text of UNDO.md where the API server is a static pod."""
    quoted = {
        "before": shlex.quote(posixpath.join(state_folder, "before", posixpath.basename(record.manifest))),
        "staged": shlex.quote(posixpath.join(posixpath.dirname(record.policy), ".undo")),
        "manifest": shlex.quote(record.manifest),
        "policy": shlex.quote(record.policy),
        "webhook": shlex.quote(record.webhook),
        "state": shlex.quote(state_folder),
    }
    ours = "\n".join(f"    {argument}" for argument in record.ours.arguments)
    return f"""# How to take audit logging back by hand

`k8s-audit` turned Kubernetes audit logging on at this host. `pulumi destroy` takes it back. Without Pulumi, as root:

    sha256sum {quoted["manifest"]}
    # {record.after}: nobody has changed it since; then put back what was there before:
    cp -p {quoted["before"]} {quoted["staged"]} && mv {quoted["staged"]} {quoted["manifest"]}

The move is one step on purpose, and no copy may ever lie in the manifests folder: the kubelet runs every file in it.
Any other sum: somebody has changed the manifest; then take out only these arguments

{ours}

and the volumes and volumeMounts named {", ".join(record.ours.volumes) or "(none)"}. Wait until the API server answers
/readyz, then remove what is left of us:

    rm -r {quoted["policy"]} {quoted["webhook"]} {quoted["state"]}
"""


def undo_service(record: Record, state_folder: str, unit: str) -> str:
    """The text of UNDO.md where a service of systemd starts the API server."""
    return undo_file(record, state_folder, f"systemctl restart {shlex.quote(unit)}", "/readyz")


def undo_file(record: Record, state_folder: str, restart: str, health: str) -> str:
    """The text of UNDO.md where an API server reads a file when it starts.

    Args:
        record: of the change.
        state_folder: what the host remembers of us.
        restart: the command that restarts it.
        health: the path that tells whether it is well.
    """
    before = shlex.quote(posixpath.join(state_folder, "before", posixpath.basename(record.manifest)))
    changed = shlex.quote(record.manifest)
    ours = "\n".join(f"    {argument.removeprefix('--')}" for argument in record.ours.arguments)
    return f"""# How to take audit logging back by hand

`k8s-audit` turned Kubernetes audit logging on at this host. `pulumi destroy` takes it back. Without Pulumi, as root:

    sha256sum {changed}
    # {record.after}: nobody has changed it since; then put back what was there before, or remove it where that is empty:
    if [ -s {before} ]; then cp -p {before} {changed}; else rm {changed}; fi
    {restart}

Any other sum: somebody has changed the file; then take out only these, restart likewise, and leave the rest

{ours}

Wait until the API server answers {health}, then remove what is left of us:

    rm -r {shlex.quote(record.policy)} {shlex.quote(record.webhook)} {shlex.quote(state_folder)}
"""
