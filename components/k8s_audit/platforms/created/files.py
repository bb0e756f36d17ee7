"""The two files that nodes mount, named after what is in them: so the flags of a running API server tell with which ones it was created.

No secret goes into a name: with another token, password or key it stays the same.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from k8s_audit.delivery.flags import AuditFlags

PUBLIC = ("url", "ca", "client_certificate", "username", "tls_server_name")
"""What of an endpoint is no secret, and changes what an API server does."""
DIGITS = 12


def names(policy: str, endpoint: Mapping[str, Any]) -> tuple[str, str]:
    """Of policy and webhook file.

    Args:
        policy: the audit policy's text.
        endpoint: the receiver's fields; those that are no secret must be known.
    """
    public = {key: endpoint[key] for key in PUBLIC if endpoint.get(key)}
    webhook = json.dumps(public, sort_keys=True)
    return f"policy-{_digest(policy)}.yaml", f"webhook-{_digest(webhook)}.yaml"


def arguments(folder: str, flags: AuditFlags, policy: str, endpoint: Mapping[str, Any]) -> dict[str, str]:
    """The audit flags of an API server that sees the two files in a folder.

    Args:
        folder: where a node sees them.
        flags: within what the receiver takes.
        policy: the audit policy's text.
        endpoint: the receiver's fields.
    """
    here = [f"{folder}/{name}" for name in names(policy, endpoint)]
    return flags.arguments(here[0], here[1])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
