"""Certificates and keys that a stack names: read and judged before anything is registered. No key is ever shown."""

import datetime
import os
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from k8s_audit.faults import CREDENTIAL

if TYPE_CHECKING:
    from cryptography import x509

MOST = 256 * 1024
"""Bytes of a file of certificates; far more than any has."""


def read_pem(path: str) -> str:
    """The text of a PEM file.

    Args:
        path: `~` is the user's home; a relative one starts at the folder of Pulumi.yaml.

    Raises:
        ValueError: it cannot be read; the text is for the user.
    """
    try:
        with open(os.path.expanduser(path), encoding="ascii") as file:
            text = file.read(MOST + 1)
    except OSError as error:
        raise ValueError(f"the file cannot be read: {error.strerror}") from None
    except ValueError:
        raise ValueError("the file is no PEM text") from None
    if len(text) > MOST:
        raise ValueError(f"the file has more than {MOST} bytes; that is no certificate")
    return text


def judge_certificates(pem: str, now: datetime.datetime | None = None) -> "list[x509.Certificate]":
    """The certificates of a PEM text.

    Args:
        pem: one or more certificates, nothing else.
        now: the time at which they must be valid; default: now.

    Raises:
        ValueError: it has none, a private key is in it, or one is out of its time.
    """
    from cryptography import x509  # large, and most stacks name no certificate

    now = now or datetime.datetime.now(datetime.UTC)
    if "PRIVATE KEY" in pem:
        raise PydanticCustomError(CREDENTIAL, "a private key is in it; a key is set with `pulumi config set --secret`")
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise ValueError("no certificate in PEM (-----BEGIN CERTIFICATE-----)") from None
    for certificate in found:
        name, until = certificate.subject.rfc4514_string(), certificate.not_valid_after_utc
        if until < now:
            raise ValueError(f"the certificate {name} expired on {until:%Y-%m-%d}")
        if certificate.not_valid_before_utc > now:
            raise ValueError(f"the certificate {name} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")
    return found


def fits(certificate: str, key: str) -> bool | None:
    """Whether a PEM key is that of the first certificate of a PEM text; None: it is no key without a passphrase."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        public = serialization.load_pem_private_key(key.encode(), password=None).public_key()
    except (ValueError, TypeError, UnicodeError):
        return None
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    own = x509.load_pem_x509_certificates(certificate.encode())[0].public_key()
    return public.public_bytes(*form) == own.public_bytes(*form)
