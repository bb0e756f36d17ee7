"""The Secret of ours beside an object: its name, which is a digest of what it holds, and the Secret itself.

No controller rolls machines or pods on what a Secret holds: other texts are another name.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from k8s_audit.control_plane.change import sha256
from k8s_audit.kubernetes_api import Document

MARK = "-k8s-audit-"
"""In the names of our Secrets, between the object's and the digest."""
DIGITS = 10
"""Of the digest."""


def secret_name(owner: str, contents: Mapping[str, str], *more: str) -> str:
    """The name of the Secret for some texts: other texts, or others of what goes with them, are another name."""
    digest = sha256(json.dumps(dict(contents), sort_keys=True).encode(), *(one.encode() for one in more))
    return f"{owner}{MARK}{digest[:DIGITS]}"


def is_ours(name: Any, owner: str) -> bool:
    """Whether a Secret's name is one of ours for an object."""
    return isinstance(name, str) and bool(re.fullmatch(rf"{re.escape(owner + MARK)}[0-9a-f]{{{DIGITS}}}", name))


def own_secret(owner: Document, name: str, contents: Mapping[str, str]) -> Document:
    """A Secret of ours beside an object, which goes and moves with it.

    `clusterctl move` takes along what an object owns: https://cluster-api.sigs.k8s.io/clusterctl/commands/move

    Args:
        owner: the object, as it was read.
        name: the Secret's.
        contents: its keys and texts.
    """
    of = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": owner["metadata"]["namespace"],
            "labels": {"app.kubernetes.io/managed-by": "k8s-audit"},
            "ownerReferences": [{**of, "uid": owner["metadata"]["uid"]}],
        },
        "type": "Opaque",
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in contents.items()},
    }
