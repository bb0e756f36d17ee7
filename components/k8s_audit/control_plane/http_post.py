"""One HTTP POST from this machine, and why it got no answer, told as an API server's own client would tell it.

Nothing of what is sent is in an error. Codes of OpenSSL:
https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
"""

import errno
import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from k8s_audit.control_plane.host import Answer, NoAnswerError, Post, Silence

CONNECT_TIMEOUT = 10.0
"""Seconds; less than the API server's own 30 s, since a firewall that drops is the usual reason."""
TIMEOUT = 30.0
"""Seconds for the answer; the API server's own for one try."""
TEXT = 300
"""Characters of an answer that are kept."""
CERTIFICATE_FAULTS = {
    9: Silence.EXPIRED,  # not yet valid
    10: Silence.EXPIRED,
    18: Silence.UNKNOWN_AUTHORITY,  # self-signed
    19: Silence.UNKNOWN_AUTHORITY,
    20: Silence.UNKNOWN_AUTHORITY,
    21: Silence.UNKNOWN_AUTHORITY,
    62: Silence.OTHER_NAME,
    64: Silence.OTHER_NAME,  # an address
}
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL")
CLIENT_CERTIFICATE = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "UNKNOWN_CA",
    "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_EXPIRED",
    "HANDSHAKE_FAILURE",
)


def post(post: Post) -> Answer:
    """Make the POST.

    Raises:
        NoAnswerError: it got no answer.
    """
    extensions = {"sni_hostname": post.server_name} if post.server_name else {}
    timeout = httpx.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT)
    try:
        with httpx.Client(verify=tls(post), timeout=timeout, trust_env=False) as client:
            answer = client.post(post.url, content=post.content, headers=dict(post.headers), extensions=extensions)
    except httpx.HTTPError as error:
        raise silence(error) from None
    except httpx.InvalidURL:
        raise NoAnswerError(Silence.NO_NAME, "no valid URL") from None
    return Answer(answer.status_code, answer.headers.get("Location", ""), answer.text[:TEXT].strip())


def tls(post: Post) -> ssl.SSLContext:
    """What the POST trusts and presents, judged as Go judges: any given certificate is an anchor, its extensions may lack.

    Raises:
        NoAnswerError: a certificate or the key cannot be used.
    """
    try:
        context = ssl.create_default_context(cadata=post.ca) if post.ca else ssl.create_default_context()
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if post.client_certificate and post.client_key:
            with tempfile.TemporaryDirectory() as folder:  # OpenSSL takes a key by its path alone
                certificate, key = Path(folder, "client.crt"), Path(folder, "client.key")
                certificate.write_text(post.client_certificate)
                with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                    file.write(post.client_key)
                context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise NoAnswerError(Silence.CLIENT_CERTIFICATE, f"ours cannot be used: {error.reason}") from None
    return context


def silence(error: httpx.HTTPError) -> NoAnswerError:
    """The reason for which httpx got no answer."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NoAnswerError(
                CERTIFICATE_FAULTS.get(cause.verify_code, Silence.UNKNOWN_AUTHORITY), cause.verify_message
            )
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or ""
            if any(part in reason for part in NO_TLS):
                return NoAnswerError(Silence.NO_TLS, reason)
            if any(part in reason for part in CLIENT_CERTIFICATE):
                return NoAnswerError(Silence.CLIENT_CERTIFICATE, reason)
            return NoAnswerError(Silence.BROKEN, reason)
        if isinstance(cause, socket.gaierror):
            return NoAnswerError(Silence.NO_NAME, cause.strerror or "")
        if isinstance(cause, ConnectionRefusedError):
            return NoAnswerError(Silence.REFUSED)
    if isinstance(error, httpx.TimeoutException) or any(isinstance(cause, TimeoutError) for cause in causes):
        return NoAnswerError(Silence.TIMEOUT)
    if isinstance(error, httpx.ConnectError):
        code = next((cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno), None)
        return NoAnswerError(Silence.NO_ROUTE, errno.errorcode.get(code or 0, ""))
    return NoAnswerError(Silence.BROKEN)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
