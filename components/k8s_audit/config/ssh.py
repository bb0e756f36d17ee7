"""Single values that say how an SSH server is reached and known, and the key that logs in."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key
from pydantic import AfterValidator, Field, StringConstraints

PRIVATE_KEY = "sshPrivateKey"
"""The stack's secret key of that name."""
KNOWN_HOSTS = "~/.ssh/known_hosts"
KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
"""Of host keys: https://man.openbsd.org/ssh_config#HostKeyAlgorithms"""


def _host_key(text: str) -> str:
    kind, _, rest = text.strip().partition(" ")
    if kind not in KINDS:
        raise ValueError(
            f"a host key is TYPE BASE64, as `ssh-keyscan` prints it after the address; allowed types: {', '.join(KINDS)}"
        )
    body = rest.split(" ")[0]
    try:
        named = base64.b64decode(body, validate=True)[4:].startswith(kind.encode())
    except binascii.Error:
        named = False
    if not named:
        raise ValueError(f"this is no public key of type {kind}; copy the whole line that `ssh-keyscan` prints")
    return f"{kind} {body}"


def private_key_faults(known: Mapping[str, str]) -> list[str]:
    """What is wrong with the key among a stack's secrets, one line a fault that shows nothing of it; none where it is not known."""
    fault = _key_fault(known[PRIVATE_KEY]) if PRIVATE_KEY in known else ""
    return [f"audit:{PRIVATE_KEY}: {fault}"] if fault else []


def _key_fault(text: str) -> str:
    """Why a private key cannot be used, without a word of it; empty: it can."""
    data = text.strip().encode() + b"\n"
    load = load_ssh_private_key if b"BEGIN OPENSSH" in data else load_pem_private_key
    try:
        load(data, None)
    except TypeError:
        return (
            "is encrypted with a passphrase, for which nobody can be asked; give one without (the stack's secret is encrypted"
            " itself), or use the SSH agent"
        )
    except (ValueError, UnsupportedAlgorithm):
        return "is no private key in OpenSSH's or PEM format, or damaged"
    return ""


Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:]([A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?$")]
"""A host name or an IP address alone: no user, no port, no brackets."""
SshUser = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
SshPort = Annotated[int, Field(ge=1, le=65535)]
HostKey = Annotated[str, AfterValidator(_host_key)]
"""Such as `ssh-ed25519 AAAAC3Nza…`."""
