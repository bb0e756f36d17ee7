"""One HTTP POST by the curl of a host: what it is given on its input, and why it got no answer.

Nothing secret is an argument, and what has to be a file for curl lies in memory while it runs. Exit codes:
https://curl.se/libcurl/c/libcurl-errors.html
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from k8s_audit.control_plane.host import Answer, NoAnswerError, Post, Silence
from k8s_audit.control_plane.http_post import CONNECT_TIMEOUT, TEXT, TIMEOUT

BY_STATUS = {
    3: Silence.NO_NAME,  # no valid URL
    6: Silence.NO_NAME,
    7: Silence.REFUSED,
    28: Silence.TIMEOUT,
    51: Silence.OTHER_NAME,  # before 7.62
    52: Silence.BROKEN,
    58: Silence.CLIENT_CERTIFICATE,
    60: Silence.UNKNOWN_AUTHORITY,
}
BY_TEXT = (
    (r"expired|not yet valid", Silence.EXPIRED),
    (r"subject name|does not match|unable to match|IP address mismatch|hostname mismatch", Silence.OTHER_NAME),
    (r"self.signed|unable to get (local )?issuer|unknown CA|not trusted", Silence.UNKNOWN_AUTHORITY),
    (r"wrong version number|packet length|unknown protocol|http request|record layer", Silence.NO_TLS),
    (r"alert|certificate required|handshake failure", Silence.CLIENT_CERTIFICATE),
    (r"no route|unreachable", Silence.NO_ROUTE),
    (r"timed out", Silence.TIMEOUT),
)
"""What the text of an error says, in its TLS library's words."""
VAGUE = (7, 35, 55, 56, 60)
"""Exit codes that stand for several reasons; the text says more."""


def given(post: Post, separator: str) -> bytes:
    """What the script reads: curl's configuration, certificates and key, and the body.

    Args:
        post: what to send.
        separator: a line that nothing else is.
    """
    files = {
        "config": "\n".join(_settings(post)),
        "ca": post.ca,
        "certificate": post.client_certificate,
        "key": post.client_key,
    }
    parts = [f"{name}\n{text.rstrip()}\n{separator}\n" for name, text in files.items() if text]
    return "".join([*parts, "body\n"]).encode() + post.content


def answer_of(output: bytes, separator: str) -> Answer:
    """The answer that the script printed.

    Raises:
        NoAnswerError: there was none.
    """
    said, failed, text = output.decode("utf-8", "replace").split(separator, 2)
    code, _, error = failed.partition("\n")
    status, _, location = said.strip().partition(" ")
    if int(code) or not int(status or 0):
        raise silence(int(code), error)
    return Answer(int(status), location, text.removeprefix("\n")[:TEXT].strip())


def silence(code: int, error: str) -> NoAnswerError:
    """The reason for which curl got no answer."""
    detail = re.sub(r"^curl: \(\d+\) ", "", " ".join(error.split()))
    if code in VAGUE or code not in BY_STATUS:
        for words, kind in BY_TEXT:
            if re.search(words, detail, re.IGNORECASE):
                return NoAnswerError(kind, detail[:TEXT])
    return NoAnswerError(BY_STATUS.get(code, Silence.BROKEN), detail[:TEXT])


def _settings(post: Post) -> Iterator[str]:
    """Lines of curl's configuration: https://curl.se/docs/manpage.html#-K"""
    url = urlsplit(post.url)
    target = post.url
    headers = {"Expect": ""} | dict(post.headers)
    if post.server_name:
        port = url.port or {"http": 80}.get(url.scheme, 443)
        host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
        target = url._replace(netloc=f"{post.server_name}:{port}").geturl()
        headers["Host"] = url.netloc
        yield f"connect-to = {_quoted(f'{post.server_name}:{port}:{host}:{port}')}"
    yield f"url = {_quoted(target)}"
    for name, value in headers.items():
        yield f"header = {_quoted(f'{name}: {value}'.rstrip())}"
    if post.ca:
        yield "cacert = ca"
    if post.client_certificate and post.client_key:
        yield "cert = certificate"
        yield "key = key"
    yield f"connect-timeout = {CONNECT_TIMEOUT:.0f}"
    yield f"max-time = {TIMEOUT:.0f}"
    yield 'noproxy = "*"'
    yield "silent"
    yield "show-error"


def _quoted(text: str) -> str:
    plain = "".join(character for character in text if character >= " ")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
