"""The receiver's contract, tried from where the API server runs before anything of it is touched.

Two POSTs of an EventList without events, so that none is invented: a small one, then one of the largest size that the
API server's batch settings can make, padded with white space. Who may connect, but not whether an event is understood,
shows here; that is what the proof of delivery is for. The API server's own client:
https://github.com/kubernetes/apiserver/blob/master/plugin/pkg/audit/webhook/webhook.go
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus

from k8s_audit.control_plane.host import Answer, Host, NoAnswerError, Post, Silence
from k8s_audit.delivery.flags import API_SERVER_BATCH, ENVELOPE
from k8s_audit.delivery.webhook import authorization, read_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint

EMPTY = json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": []}).encode()
CONTENT_TYPE = {"Content-Type": "application/json"}
QUERY = "timeout=30s"
"""What an API server adds to the URL of each batch."""
MENDS = {
    Silence.NO_NAME: "the API server uses the host's name server, which knows no cluster names; use an address, or a name"
    " that it knows",
    Silence.REFUSED: "nothing listens on that port there; start the receiver, or mend the port",
    Silence.TIMEOUT: "a firewall or a security group between them? Let this host reach that port",
    Silence.NO_ROUTE: "mend the address or the route",
    Silence.UNKNOWN_AUTHORITY: "x509: give the PEM of the authority that signed its certificate as the receiver's ca",
    Silence.OTHER_NAME: "x509: use a name or address that its certificate has, or set the receiver's tlsServerName",
    Silence.EXPIRED: "x509: renew its certificate, or set the clocks",
    Silence.CLIENT_CERTIFICATE: "give a client certificate that its authority signed",
    Silence.NO_TLS: "use http://, or turn TLS on there",
    Silence.BROKEN: "look into its log; it may want TLS (https://) or a client certificate",
}
STATUS = {
    401: "it refuses the credentials; set authorization and its secret key",
    403: "it knows the credentials, but they may not send; give them the right",
    404: "there is no such path; mend the path of the URL",
    405: "it takes no POST at this path; mend the path of the URL",
    415: "it does not take Content-Type application/json, which is all that an API server sends",
}
RETRY = "it is there, but cannot take events now; look into its log"


def largest_body(arguments: Mapping[str, str]) -> int | None:
    """Bytes of the largest body that an API server with these audit flags sends; None: there is no limit.

    Args:
        arguments: audit flags by name, without dashes.
    """
    if arguments.get("audit-webhook-truncate-enabled") != "true":
        return None
    return int(arguments.get("audit-webhook-truncate-max-batch-size", API_SERVER_BATCH)) + ENVELOPE


def contract_of(webhook: str, arguments: Mapping[str, str], say: Callable[[str], None]) -> Callable[[Host], None]:
    """What tries a host's contract with the receiver of a webhook kubeconfig.

    Args:
        webhook: the kubeconfig's text.
        arguments: the audit flags that the API server will have.
        say: shows the user what could not be tried.
    """

    def attempt(host: Host) -> None:
        try:
            endpoint = read_webhook(webhook)
        except DeliveryError as error:
            say(f"host {host.name}: the receiver's contract is not tried: {error}")
            return
        size = largest_body(arguments)
        if size is None:
            say(
                f"host {host.name}: truncation is off, so a batch may be larger than receiver {endpoint.name} takes, and is lost"
                " then; audit:delivery.truncate turns it on, where the platform can"
            )
        try_contract(host, endpoint, size or 0)

    return attempt


def try_contract(host: Host, endpoint: ReceiverEndpoint, largest_body: int) -> None:
    """Try whether a receiver would take an API server's batches.

    Args:
        host: where the API server runs.
        endpoint: the receiver.
        largest_body: bytes of the largest body to try.

    Raises:
        DeliveryError: it would not; the text says why and what to do.
    """
    _try(host, endpoint, EMPTY, small=True)
    if largest_body > len(EMPTY):
        _try(host, endpoint, EMPTY.ljust(largest_body), small=False)


def _try(host: Host, endpoint: ReceiverEndpoint, body: bytes, *, small: bool) -> None:
    post = Post(
        url=f"{endpoint.url}?{QUERY}",
        content=body,
        headers=CONTENT_TYPE | authorization(endpoint),
        ca=endpoint.ca,
        client_certificate=endpoint.client_certificate,
        client_key=endpoint.client_key,
        server_name=endpoint.tls_server_name,
    )
    try:
        answer = host.post(post)
    except NoAnswerError as error:
        if error.silence is Silence.BROKEN and not small:
            why = _too_large(f"it closes the connection at a body of {len(body)} bytes")
        else:
            why = f"{error}; {MENDS[error.silence]}"
    else:
        if HTTPStatus(200) <= answer.status < HTTPStatus(300):
            return
        why = _refusal(answer, len(body), endpoint, small=small)
    raise DeliveryError(
        f"host {host.name}: receiver {endpoint.name} would not take its events, so nothing was changed: {endpoint.url}: {why}"
    )


def _refusal(answer: Answer, size: int, endpoint: ReceiverEndpoint, *, small: bool) -> str:
    said = f"it answers {answer.status}{_said(answer, endpoint)}"
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or (not small and answer.status == HTTPStatus.BAD_REQUEST):
        return _too_large(f"{said} at a body of {size} bytes{'' if small else ', and took a small one'}")
    if HTTPStatus(300) <= answer.status < HTTPStatus(400):
        return f"{said} and leads to {answer.location or 'nowhere'}; use the URL that takes the events itself"
    return f"{said}; {STATUS.get(answer.status, RETRY)}"


def _too_large(what: str) -> str:
    return f"{what}; its limit is lower: set the receiver's bodyLimit to it, or raise it there"


def _said(answer: Answer, endpoint: ReceiverEndpoint) -> str:
    """The first words of an answer, unless what we sent as a secret is among them."""
    secrets = [endpoint.token, endpoint.password, *authorization(endpoint).values()]
    echoed = any(secret and secret.rpartition(" ")[2] in answer.text for secret in secrets)
    text = " ".join(answer.text.split())[:120]
    return f" ({text})" if text.isprintable() and text and not echoed else ""
