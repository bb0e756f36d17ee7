"""The receiver: POSTs until it takes them, and what of them it refuses for good.

Bento's own `retries` are the way to wait: a batch stays where it is, nothing is read twice, and what is not read waits in the stream.
Once the receiver has taken a batch, the log names each event in it that bears the mark of a proof of delivery. No body and no secret is
logged by us. https://warpstreamlabs.github.io/bento/docs/components/outputs/http_client
"""

from typing import Any

from k8s_audit.delivery.pipeline.batch import event_list
from k8s_audit.delivery.pipeline.model import Sink

REFUSED = (400, 413, 422)
"""Answers that stay the same however often one asks."""
WAIT = (401, 403, 404, 408, 429, 500, 502, 503, 504)
"""Answers after which to ask less and less often."""
TIMEOUT, PAUSE, LONGEST_PAUSE = "20s", "1s", "10s"
IS_REFUSED = rf"""@fallback_error.re_match("^\\S+: HTTP request returned unexpected response code \\(({"|".join(map(str, REFUSED))})\\)")"""
"""Of a message that came past the receiver. Anything else, such as an end of this process, is no refusal."""
FORWARDED = "forwarded auditID=${! @audit_id } name=${! @marker }"


def taken(sink: Sink) -> dict[str, Any]:
    """An output that the receiver takes; then its proofs are logged."""
    proofs = [
        {"switch": [{"check": "@marker != null", "processors": [{"log": {"level": "INFO", "message": FORWARDED}}]}]}
    ]
    post = {"http_client": http_client(sink), "processors": event_list()}
    # not the plain fan_out_sequential, which tries again for ever what the receiver refuses
    return {
        "broker": {
            "pattern": "fan_out_sequential_fail_fast",
            "outputs": [post, {"drop": {}, "processors": proofs}],
        }
    }


def taken_or(sink: Sink, refused: dict[str, Any]) -> dict[str, Any]:
    """An output that the receiver takes or, where it refuses for good, another one.

    Args:
        sink: the receiver.
        refused: the other one.
    """
    otherwise = {"reject": "${! @fallback_error.slice(0, 300) }"}
    cases = [{"check": IS_REFUSED, "output": refused}, {"output": otherwise}]
    return {"fallback": [taken(sink), {"switch": {"cases": cases}}]}


def http_client(sink: Sink) -> dict[str, Any]:
    """The POST itself."""
    return {
        "url": sink.url,
        "verb": "POST",
        "headers": {"Content-Type": "application/json", **_authorization(sink)},
        "timeout": TIMEOUT,
        "retries": sink.retries,
        "retry_period": PAUSE,
        "max_retry_backoff": LONGEST_PAUSE,
        "backoff_on": list(WAIT),
        "drop_on": list(REFUSED),
        "max_in_flight": sink.max_in_flight,
        **_tls(sink),
    }


def _authorization(sink: Sink) -> dict[str, str]:
    if sink.token_file:
        return {"Authorization": f"Bearer ${{! {_file(sink.token_file)} }}"}
    if sink.username and sink.password_file:
        return {"Authorization": f'Basic ${{! ("{sink.username}:" + {_file(sink.password_file)}).encode("base64") }}'}
    return {}


def _file(path: str) -> str:
    """Read anew each time, so that a rotated Secret is taken up."""
    return f'file("{path}", true).string().trim()'


def _tls(sink: Sink) -> dict[str, Any]:
    if not sink.url.startswith("https:"):
        return {}
    authority = {"root_cas_file": sink.authority_file} if sink.authority_file else {}
    certificate = {"cert_file": sink.client_certificate_file, "key_file": sink.client_key_file}
    presented = {"client_certs": [certificate]} if sink.client_certificate_file else {}
    return {"tls": {"enabled": True, **authority, **presented}}
