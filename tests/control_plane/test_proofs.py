"""Proofs by an API server's own counters, on a real one: batches that were accepted, and reviews by an admission webhook."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes import client, config

from k8s_audit.delivery.admission_proof import prove_admission
from k8s_audit.delivery.api_server import ERRORS, EVENTS, ApiServer, read_counters
from k8s_audit.delivery.api_server_alerts import LOST, REJECTED
from k8s_audit.delivery.api_server_pods import Seen
from k8s_audit.delivery.check import prove_delivery
from k8s_audit.delivery.each_api_server import EachApiServer
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.certificates import Authority
from tests.standins.falco import FalcoLike

SHORT = 4.0
"""Seconds; a batch needs 0.1 here."""
WEBHOOK = "audit.reviews.example"


def prove(audited: Any, endpoint: ReceiverEndpoint, timeout: float = SHORT) -> Any:
    return prove_delivery(audited.cluster.api_server, str(audited.cluster.kubeconfig), endpoint, timeout)


def sent_to(audited: Any, endpoint: ReceiverEndpoint, **flags: str) -> None:
    arguments = audited.setup.arguments | flags
    audited.change().apply(replace(audited.setup, webhook=render_webhook(endpoint), arguments=arguments))


def kubeconfig_of_localhost(cluster: Any, folder: Path) -> Path:
    """By a name, whose addresses are asked, with another name in the certificate."""
    file = folder / "by-name.kubeconfig"
    text = cluster.kubeconfig.read_text()
    port = urlsplit(cluster.api_server).port
    file.write_text(text.replace(cluster.api_server, f"https://localhost:{port}\n    tls-server-name: kubernetes"))
    return file


def test_a_batch_that_was_accepted_is_the_proof_and_one_that_was_refused_or_lost_is_told_by_the_api_servers_counters(
    audited: Any, tmp_path: Path
) -> None:
    with FalcoLike() as falco:
        endpoint = ReceiverEndpoint("falco", falco.url, proof="accepted")
        sent_to(audited, endpoint, **{"audit-webhook-initial-backoff": "10ms"})
        proof = prove(audited, endpoint)
        assert proof.as_output()["proof"] == "accepted"
        assert 0.1 < proof.latency_seconds < SHORT
        deadline = threading.Event()
        for _ in range(20):
            if proof.audit_id in falco.received:
                break
            deadline.wait(0.1)
        assert set(falco.targets) == {"/k8s-audit?timeout=30s"}, "what an API server adds, and so the contract too"
        assert proof.audit_id in falco.received, (
            "not only accepted: this very event had come, or came with the next batch"
        )
        said_of_each: list[str] = []
        by_name = kubeconfig_of_localhost(audited.cluster, tmp_path)
        with ApiServer(audited.cluster.api_server, str(audited.cluster.kubeconfig)) as server:
            started = round(server.started())
        each = EachApiServer(str(by_name), endpoint, SHORT, [], threading.Event(), said_of_each.append, reach=SHORT)
        each.prove(lambda: {"cp-1": Seen(started)})
        assert re.fullmatch(r"cp-1: event \S+ reached falco in \S+ s", said_of_each[0])
        by_name.write_text(re.sub("https://localhost:.*", "https://localhost:1", by_name.read_text()))
        each = EachApiServer(str(by_name), endpoint, SHORT, [], threading.Event(), said_of_each.append, reach=SHORT)
        each.prove(lambda: {"cp-1": Seen(started, audited.cluster.api_server)})
        assert len(said_of_each) == 2, "at its own address"
        for status, said in ((503, r"503 \(\d+\)"), (None, r"no answer \(\d+\)")):
            falco.fault = status
            if status is None:
                falco.cut()
            with pytest.raises(DeliveryError, match=rf"the API server's POSTs to 127\.0\.0\.1:{falco.port} got {said}"):
                prove(audited, endpoint)
        with ApiServer(audited.cluster.api_server, str(audited.cluster.kubeconfig)) as server:
            asked = server.client.param_serialize("GET", "/metrics", auth_settings=["BearerToken"])
            metrics = server.client.call_api(*asked).read().decode()
        for series in (EVENTS, rf'{ERRORS}\{{plugin="{LOST[0]}"\}}', REJECTED):
            assert re.search(rf"^{series} \d", metrics, re.MULTILINE), f"an alert asks for {series}"


def test_a_token_reaches_the_receiver_with_tls_and_is_what_the_proof_needs_not(audited: Any, tmp_path: Path) -> None:
    authority = Authority()
    pem = authority.pair("falco.security.svc").write(tmp_path)
    with FalcoLike(pem, token="token-4711") as falco:
        known = ReceiverEndpoint(
            "falco",
            falco.url,
            ca=authority.certificate,
            token="token-4711",
            tls_server_name="falco.security.svc",
            proof="accepted",
        )
        sent_to(audited, known)
        assert prove(audited, replace(known, token=None)).proof == "accepted"
        assert {headers.get("Authorization") for headers in falco.headers} == {"Bearer token-4711"}


def test_an_api_server_sends_no_token_to_plain_http_which_is_why_we_refuse_one(audited: Any) -> None:
    with FalcoLike() as falco:
        webhook = render_webhook(ReceiverEndpoint("falco", falco.url))
        assert "user: {}" in webhook
        by_hand = webhook.replace("user: {}", "user: {token: token-4711}")
        audited.change().apply(replace(audited.setup, webhook=by_hand))
        prove(audited, ReceiverEndpoint("falco", falco.url, proof="accepted"))
        assert falco.headers
        assert not any("Authorization" in headers for headers in falco.headers)


def test_a_webhook_that_points_elsewhere_proves_nothing(audited: Any) -> None:
    with FalcoLike() as falco, FalcoLike() as other:
        sent_to(audited, ReceiverEndpoint("falco", other.url))
        with pytest.raises(DeliveryError, match="its webhook points elsewhere"):
            prove(audited, ReceiverEndpoint("falco", falco.url, proof="accepted"))


def test_without_the_right_to_the_counters_there_is_no_such_proof(audited: Any, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "anonymous"
    text = audited.cluster.kubeconfig.read_text()
    kubeconfig.write_text(re.sub(r"  user:\n(    client-.*\n)+", "  user: {}\n", text))
    with pytest.raises(DeliveryError, match="needs the right to get /metrics"):
        prove_delivery(
            audited.cluster.api_server,
            str(kubeconfig),
            ReceiverEndpoint("falco", "http://127.0.0.1:1/k8s-audit", proof="accepted"),
            SHORT,
        )


def test_what_the_log_backend_loses_is_no_error_on_the_way_to_the_webhook() -> None:
    counters = read_counters(
        'apiserver_audit_error_total{plugin="log"} 7\napiserver_audit_error_total{plugin="webhook"} 2\n'
        'apiserver_audit_error_total{plugin="buffered"} 1\napiserver_audit_event_total 1.2e+03\n'
        'rest_client_requests_total{code="200",host="10.0.0.1:9765",method="POST"} 5\n'
        'rest_client_requests_total{code="200",host="10.0.0.1:9765",method="GET"} 50\n'
        'rest_client_requests_total{code="<error>",host="10.0.0.1:9765",method="POST"} 3\n'
    )
    assert (counters.events, counters.errors) == (1200, 3)
    assert counters.posts_to("10.0.0.1:9765") == {"200": 5, "<error>": 3}


class Reviewer:
    """Stands in for a receiver's admission webhook: an HTTPS server on loopback that allows everything."""

    def __init__(self, pem: Path) -> None:
        self.fault = False
        self.names: list[str] = []
        reviewer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reviewer.names.append(review["request"]["name"])
                answer = {"uid": review["request"]["uid"], "allowed": True}
                body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer})
                self.send_response(500 if reviewer.fault else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


@pytest.fixture
def audited(standing: Any) -> Any:
    return standing


@pytest.fixture
def registered(audited: Any, tmp_path: Path) -> Iterator[Any]:
    """Registers a reviewer as a chart does, but by URL."""
    authority = Authority()
    reviewer = Reviewer(authority.pair("127.0.0.1").write(tmp_path))
    settings = client.Configuration()
    config.load_kube_config(str(audited.cluster.kubeconfig), client_configuration=settings)
    api = client.AdmissionregistrationV1Api(client.ApiClient(settings))

    @contextmanager
    def register(policy: str = "Ignore", resource: str = "configmaps") -> Iterator[Reviewer]:
        webhook = client.V1ValidatingWebhook(
            name=WEBHOOK,
            admission_review_versions=["v1"],
            side_effects="None",
            failure_policy=policy,
            client_config=client.AdmissionregistrationV1WebhookClientConfig(
                url=f"https://127.0.0.1:{reviewer.server.server_port}/review",
                ca_bundle=__import__("base64").b64encode(authority.certificate.encode()).decode(),
            ),
            rules=[
                client.V1RuleWithOperations(
                    api_groups=[""], api_versions=["v1"], operations=["CREATE"], resources=[resource], scope="*"
                )
            ],
        )
        body = client.V1ValidatingWebhookConfiguration(metadata=client.V1ObjectMeta(name="reviews"), webhooks=[webhook])
        api.create_validating_webhook_configuration(body)
        try:
            yield reviewer
        finally:
            api.delete_validating_webhook_configuration("reviews")

    yield register
    reviewer.server.shutdown()
    reviewer.server.server_close()


def admit(audited: Any, timeout: float = SHORT) -> Any:
    return prove_admission(audited.cluster.api_server, str(audited.cluster.kubeconfig), "shield", WEBHOOK, timeout)


def test_a_review_of_the_marked_request_is_the_proof_of_admission(audited: Any, registered: Any) -> None:
    with registered() as reviewer:
        proof = admit(audited)
    assert proof.as_output()["proof"] == "admission"
    assert proof.receiver == "shield"
    assert reviewer.names[-1].startswith("k8s-audit-check-")
    assert 0 < proof.latency_seconds < SHORT


def test_a_webhook_that_fails_open_is_the_diagnosis(audited: Any, registered: Any) -> None:
    with registered() as reviewer:
        admit(audited)
        reviewer.fault = True
        with pytest.raises(DeliveryError, match="does not answer, and the API server lets requests pass without it"):
            admit(audited)


def test_a_webhook_that_is_not_there_or_is_called_for_something_else_is_the_diagnosis(
    audited: Any, registered: Any
) -> None:
    with pytest.raises(DeliveryError) as caught, registered(resource="secrets"):
        admit(audited)
    text = str(caught.value)
    assert "receiver shield reviewed no marked request within 4 s" in text
    assert "Its way ends at the webhook's rules" in text or "The API server never called webhook" in text
    assert "Look closer: kubectl --kubeconfig" in text


def test_the_counters_of_a_real_api_server_are_those_that_we_read(audited: Any) -> None:
    with ApiServer(audited.cluster.api_server, str(audited.cluster.kubeconfig)) as server:
        before = server.known_counters()
        server.dry_run_config_map("k8s-audit-check-counters")
        assert server.known_counters().events >= before.events
        assert before.posts_to("127.0.0.1:1") == {}
