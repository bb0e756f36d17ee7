"""Each way in which a receiver would not take an API server's batches, found before the API server is touched."""

import datetime
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.control_plane import http_post
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.control_plane.plan import plan
from k8s_audit.delivery.contract import contract_of, try_contract
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.certificates import DAY, Authority
from tests.standins.falco import PATH, FalcoLike

LARGEST = 10_485_760 + 1024
TOKEN = "token-4711"
HOST = LocalHost("cp-1")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def plain() -> Iterator[FalcoLike]:
    with FalcoLike() as made:
        yield made


@pytest.fixture
def serve(authority: Authority, tmp_path: Path) -> Iterator[Callable[..., FalcoLike]]:
    """Makes receivers with TLS, with a certificate for the names that a test says."""
    made: list[FalcoLike] = []

    def make(*names: str, lifetime: datetime.timedelta = DAY, **settings: Any) -> FalcoLike:
        pem = authority.pair(*names or ("127.0.0.1",), lifetime=lifetime).write(tmp_path)
        made.append(FalcoLike(pem, **settings).__enter__())
        return made[-1]

    yield make
    for one in made:
        one.cut()


def refusal(endpoint: ReceiverEndpoint, largest: int = LARGEST) -> str:
    with pytest.raises(DeliveryError) as caught:
        try_contract(HOST, endpoint, largest)
    text = str(caught.value)
    assert text.startswith(
        f"host cp-1: receiver falco would not take its events, so nothing was changed: {endpoint.url}: "
    )
    assert TOKEN not in text
    return text


def test_a_small_and_the_largest_body_are_tried_and_no_event_is_invented(plain: FalcoLike) -> None:
    try_contract(HOST, ReceiverEndpoint("falco", plain.url), LARGEST)
    small, large = plain.batches
    assert small < 200
    assert large == LARGEST
    assert (plain.received, plain.dropped) == ({}, [])
    assert set(plain.targets) == {f"{PATH}?timeout=30s"}
    assert {headers["Content-Type"] for headers in plain.headers} == {"application/json"}


def test_without_truncation_only_a_small_body_is_tried(plain: FalcoLike) -> None:
    try_contract(HOST, ReceiverEndpoint("falco", plain.url), 0)
    assert len(plain.batches) == 1


def test_tls_with_our_authority_client_certificate_token_and_another_server_name(
    serve: Callable[..., FalcoLike], authority: Authority
) -> None:
    falco = serve("falco.security.svc", client_ca=authority.certificate, token=TOKEN)
    pair = authority.pair()
    endpoint = ReceiverEndpoint(
        "falco",
        falco.url,
        ca=authority.certificate,
        client_certificate=pair.certificate,
        client_key=pair.key,
        token=TOKEN,
        tls_server_name="falco.security.svc",
    )
    try_contract(HOST, endpoint, LARGEST)
    assert len(falco.batches) == 2
    assert "it refuses the client certificate, or misses one" in refusal(
        replace(endpoint, client_certificate=None, client_key=None)
    )
    stranger = Authority("a stranger").pair()
    refused = refusal(replace(endpoint, client_certificate=stranger.certificate, client_key=stranger.key))
    assert "it refuses the client certificate, or misses one" in refused
    unfit = refusal(replace(endpoint, client_key=stranger.key))
    assert "ours cannot be used: KEY_VALUES_MISMATCH" in unfit
    assert "it answers 401 (not None); it refuses the credentials" in refusal(replace(endpoint, token=None))
    assert "it answers 401; it refuses the credentials" in refusal(replace(endpoint, token=f"{TOKEN}-old"))


def test_an_unknown_authority_is_an_x509_diagnosis_that_says_what_to_set(serve: Callable[..., FalcoLike]) -> None:
    endpoint = ReceiverEndpoint("falco", serve().url)
    assert "its certificate is signed by an unknown authority" in refusal(endpoint)
    other = refusal(replace(endpoint, ca=Authority("another").certificate))
    assert "x509: give the PEM of the authority that signed its certificate as the receiver's ca" in other


def test_a_certificate_for_another_name_or_address_is_named_as_such(
    serve: Callable[..., FalcoLike], authority: Authority
) -> None:
    endpoint = ReceiverEndpoint("falco", serve("falco.example").url, ca=authority.certificate)
    assert "its certificate is for another name (IP address mismatch" in refusal(endpoint)
    assert "or set the receiver's tlsServerName" in refusal(replace(endpoint, tls_server_name="x.example"))


def test_an_expired_certificate_is_named_as_such(serve: Callable[..., FalcoLike], authority: Authority) -> None:
    falco = serve("127.0.0.1", lifetime=-DAY)
    refused = refusal(ReceiverEndpoint("falco", falco.url, ca=authority.certificate))
    assert "its certificate is out of its time (certificate has expired); x509: renew its certificate" in refused


def test_http_where_tls_is_spoken_and_the_other_way_round(serve: Callable[..., FalcoLike], plain: FalcoLike) -> None:
    assert "it may want TLS" in refusal(ReceiverEndpoint("falco", serve().url.replace("https", "http")))
    assert "it does not speak TLS" in refusal(ReceiverEndpoint("falco", plain.url.replace("http", "https")))


def test_a_name_that_nobody_knows_and_a_port_where_nobody_listens() -> None:
    unknown = refusal(ReceiverEndpoint("falco", f"http://falco.security.svc.invalid:9765{PATH}"))
    assert "its name cannot be resolved" in unknown
    assert "knows no cluster names" in unknown
    assert "the connection is refused; nothing listens on that port" in refusal(
        ReceiverEndpoint("falco", f"http://127.0.0.1:1{PATH}")
    )


@contextmanager
def silent() -> Iterator[str]:
    """A port whose connections wait for ever, as behind a firewall that drops."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as held:
        yield f"http://127.0.0.1:{held.getsockname()[1]}{PATH}"


def test_a_receiver_that_never_answers_may_be_behind_a_firewall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_post, "TIMEOUT", 0.3)
    with silent() as url:
        refused = refusal(ReceiverEndpoint("falco", url))
    assert "nothing answers in time; a firewall or a security group between them?" in refused


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "it refuses the credentials; set authorization"),
        (403, "it knows the credentials, but they may not send"),
        (404, "there is no such path"),
        (405, "it takes no POST at this path"),
        (413, "its limit is lower: set the receiver's bodyLimit"),
        (415, "does not take Content-Type application/json"),
        (302, "leads to nowhere; use the URL that takes the events itself"),
        (500, "cannot take events now"),
        (503, "cannot take events now"),
    ],
)
def test_each_answer_has_a_diagnosis_of_its_own(plain: FalcoLike, status: int, said: str) -> None:
    plain.fault = status
    refused = refusal(ReceiverEndpoint("falco", plain.url))
    assert f"it answers {status} (a fault)" in refused
    assert said in refused


def test_another_path_is_what_falco_itself_answers_404_to(plain: FalcoLike) -> None:
    refused = refusal(ReceiverEndpoint("falco", f"{plain.url}s"))
    assert "it answers 404 (404 page not found); there is no such path" in refused


def test_a_body_limit_below_our_batches_is_found_though_falco_answers_400_to_it() -> None:
    with FalcoLike(body_limit=2**20) as falco:
        refused = refusal(ReceiverEndpoint("falco", falco.url))
        try_contract(HOST, ReceiverEndpoint("falco", falco.url), 2**20)
    limit = ("it answers 400 (bad request: http: request body too large)", "it closes the connection")
    assert any(text in refused for text in limit)
    assert f"at a body of {LARGEST} bytes" in refused
    assert "set the receiver's bodyLimit to it, or raise it there" in refused


def test_a_contract_that_fails_leaves_the_host_as_it_was_and_the_plan_says_so_before(
    audited: Any, plain: FalcoLike
) -> None:
    def setup() -> Any:
        webhook = render_webhook(ReceiverEndpoint("falco", plain.url))
        said: list[str] = []
        contract = contract_of(webhook, audited.setup.arguments, said.append)
        return replace(audited.setup, webhook=webhook, contract=contract)

    before = audited.manifest.read_bytes()
    process = audited.cluster.read().pids
    plain.fault = 404
    assert "there is no such path" in plan(audited.change(), setup()).obstacle
    with pytest.raises(DeliveryError, match="there is no such path"):
        audited.change().apply(setup())
    assert audited.manifest.read_bytes() == before
    assert not Path(audited.place.state_folder).exists()
    assert not Path(audited.place.config_folder).exists()
    assert audited.cluster.read().pids == process

    plain.fault = None
    assert plan(audited.change(), setup()).obstacle == ""
    live = audited.change().apply(setup())
    tried = len(plain.headers)
    plain.fault = 503
    assert audited.change().apply(setup()) == live, "nothing would change, so nothing is tried"
    assert len(plain.headers) >= tried
    assert "cannot take events now" in plan(audited.change(), setup()).obstacle, "a receiver that died later is seen"
    with pytest.raises(DeliveryError, match="cannot take events now"):
        audited.change().apply(replace(setup(), policy=audited.setup.policy + "# another\n"))
    assert audited.change().read() == live


def test_a_webhook_that_is_not_ours_is_not_tried_and_truncation_that_is_off_is_a_warning(plain: FalcoLike) -> None:
    said: list[str] = []
    webhook = render_webhook(ReceiverEndpoint("falco", plain.url))
    contract_of(webhook, {}, said.append)(HOST)
    assert said == [
        "host cp-1: truncation is off, so a batch may be larger than receiver falco takes, and is lost then;"
        " audit:delivery.truncate turns it on, where the platform can"
    ]
    assert len(plain.batches) == 1
    contract_of(webhook.replace("    server:", "    proxy-url: http://p\n    server:"), {}, said.append)(HOST)
    assert "the receiver's contract is not tried: the webhook's kubeconfig has proxy-url" in said[-1]
    assert len(plain.batches) == 1
