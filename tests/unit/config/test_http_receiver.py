"""`kind: http`: what is refused before anything is registered, and that no message shows a secret."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.config.receivers.http import HttpReceiver
from k8s_audit.config.stack import Stack, load_stack
from k8s_audit.errors import ConfigError
from tests.standins.certificates import DAY, Authority

KEY, TOKEN, PASSWORD = "audit:receiverClientKey", "audit:receiverToken", "audit:receiverPassword"
URL = "https://siem.example:8443/k8s-audit"


def stack(receiver: dict[str, Any], **secrets: str) -> Stack:
    entry = {"kind": "http", "name": "siem", "url": URL} | receiver
    values = {
        "audit:cluster": '{"name": "local"}',
        "audit:platform": '{"kind": "local"}',
        "audit:receivers": json.dumps([entry]),
    }
    secret = {f"audit:{key}": value for key, value in secrets.items()}
    return load_stack(values | secret, secret.keys())


def fault(receiver: dict[str, Any], **secrets: str) -> str:
    with pytest.raises(ConfigError) as caught:
        stack(receiver, **secrets)
    (line,) = caught.value.faults
    return line


@pytest.mark.parametrize(
    ("receiver", "said"),
    [
        (
            {"url": "https://siem.example/k8s-audit?cluster=a"},
            "audit:receivers[0].url: an API server drops a URL's query",
        ),
        ({"url": "https://siem.example/#a"}, "drops a URL's query and fragment"),
        ({"url": "ftp://siem.example/"}, "http:// or https://, its host, port and path is needed"),
        ({"url": "https://siem.example:99999/"}, "http:// or https://, its host, port and path is needed"),
        ({"url": "siem.example"}, "http:// or https://, its host, port and path is needed"),
        ({"ca": "x"}, "audit:receivers[0].ca: no certificate in PEM"),
        ({"caFile": "/nowhere/ca.crt"}, "audit:receivers[0].caFile: the file cannot be read: No such file"),
        ({"headers": {"X-A": "b"}}, "audit:receivers[0].headers: unknown key; a webhook kubeconfig can't set headers"),
        (
            {"token": "t"},
            "token: unknown key; a token is a secret: authorization: bearer, and `pulumi config set --secret",
        ),
        ({"urll": URL}, "audit:receivers[0].urll: unknown key; did you mean url?"),
        ({"authorization": "digest"}, "authorization: Input should be 'none', 'bearer' or 'basic'; given: 'digest'"),
        ({"authorization": "basic"}, "username and authorization: basic belong together"),
        ({"username": "u"}, "username and authorization: basic belong together"),
        (
            {"bodyLimit": "12MB"},
            "bodyLimit: a size is a number of bytes, or a text such as 256KiB or 12MiB; given: '12MB'",
        ),
        ({"bodyLimit": True}, "audit:receivers[0].bodyLimit"),
        ({"eventLimit": 1}, "eventLimit: Input should be greater than or equal to 1024"),
        (
            {"url": "http://siem.example/", "authorization": "bearer"},
            "credentials need https://; to http:// an API server",
        ),
        ({"url": "http://siem.example/", "tlsServerName": "x"}, "ca and tlsServerName need https://"),
        ({"authorization": "bearer"}, "audit:receiverToken: missing; receiver siem needs it"),
        ({"authorization": "basic", "username": "u"}, "audit:receiverPassword: missing"),
    ],
)
def test_bad_input_is_one_message(receiver: dict[str, Any], said: str) -> None:
    assert said.split(" is needed")[0] in fault(receiver)


def test_what_a_url_holds_of_a_credential_is_not_repeated() -> None:
    line = fault({"url": "https://ops:password-4711@siem.example/"})
    assert "credentials in a URL lie open" in line
    assert "4711" not in line


def test_an_expired_authority_and_one_of_tomorrow_are_named_with_their_day(tmp_path: Path) -> None:
    expired = Authority("a company").pair("x", lifetime=-DAY).certificate
    (tmp_path / "ca.crt").write_text(expired)
    for receiver in ({"ca": expired}, {"caFile": str(tmp_path / "ca.crt")}):
        assert "the certificate CN=leaf expired on 20" in fault(receiver)


def test_a_key_beside_a_certificate_is_not_shown() -> None:
    pair = Authority().pair()
    for key in ("ca", "clientCertificate"):
        line = fault({key: pair.key + pair.certificate})
        assert "a private key is in it" in line
        assert pair.key[30:60] not in line
        assert "BEGIN" not in line


def test_ca_and_a_file_of_it_are_two_ways_to_say_one_thing(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(Authority().certificate)
    both = {"ca": Authority().certificate, "caFile": str(tmp_path / "ca.crt")}
    assert "ca and caFile are two ways to say one thing" in fault(both)


def test_a_key_that_does_not_fit_its_certificate_is_refused_without_being_shown() -> None:
    one, other = Authority().pair(), Authority().pair()
    receiver = {"clientCertificate": one.certificate}
    assert "audit:receiverClientKey: missing" in fault(receiver)
    assert fault(receiver, receiverClientKey=other.key) == (
        "audit:receiverClientKey: does not fit the client certificate of receiver siem"
    )
    assert fault(receiver, receiverClientKey="key-4711") == (
        "audit:receiverClientKey: no private key in PEM without a passphrase"
    )
    assert stack(receiver, receiverClientKey=one.key)
    assert stack(receiver, receiverClientKey=""), "a command cannot know the key"


@pytest.mark.parametrize("token", ["token-4711\n", " token-4711", "token\t4711"])
def test_a_token_that_no_header_can_hold_is_refused_without_being_shown(token: str) -> None:
    line = fault({"authorization": "bearer"}, receiverToken=token)
    assert line == "audit:receiverToken: begins or ends with white space, or has what does not print"


def test_the_endpoint_of_a_receiver_with_all_keys(tmp_path: Path) -> None:
    authority = Authority()
    pair = authority.pair()
    (tmp_path / "ca.crt").write_text(authority.certificate)
    (tmp_path / "client.crt").write_text(pair.certificate)
    receiver = {
        "caFile": str(tmp_path / "ca.crt"),
        "clientCertificateFile": str(tmp_path / "client.crt"),
        "authorization": "basic",
        "username": "u",
        "tlsServerName": "siem.internal",
        "bodyLimit": "12MiB",
        "eventLimit": "256KiB",
    }
    (found,) = stack(receiver, receiverClientKey=pair.key, receiverPassword="p").receivers
    assert isinstance(found, HttpReceiver)
    endpoint = found.endpoint({"receiverClientKey": pair.key, "receiverPassword": "p"}.__getitem__)
    assert endpoint.ca == authority.certificate
    assert (endpoint.client_certificate, endpoint.client_key) == (pair.certificate, pair.key)
    assert (endpoint.username, endpoint.password, endpoint.token) == ("u", "p", None)
    assert (endpoint.body_limit, endpoint.event_limit, endpoint.proof) == (12 * 2**20, 262_144, "accepted")
    assert endpoint.tls_server_name == "siem.internal"


def test_events_in_clear_text_are_a_warning_unless_they_stay_on_this_machine() -> None:
    assert "in clear text" in stack({"url": "http://siem.example/a"}).warnings()[0]
    assert stack({"url": "http://127.0.0.1:9765/k8s-audit"}).warnings() == []
