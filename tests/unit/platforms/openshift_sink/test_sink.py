"""The AuditSink as data, and its read back."""

import pytest

from k8s_audit.platforms.openshift_sink.sink import Sink, is_ours, same, sink_of


def test_a_url_is_told_as_it_is_and_a_services_name_by_namespace_name_path_and_port() -> None:
    document = Sink("k8s-audit", "http://10.0.0.5:7765/k8s_audit", qps=20, burst=30).document()
    assert document["spec"] == {
        "policy": {"level": "Metadata", "stages": ["ResponseStarted", "ResponseComplete", "Panic"]},
        "webhook": {
            "throttle": {"qps": 20, "burst": 30},
            "clientConfig": {"url": "http://10.0.0.5:7765/k8s_audit"},
        },
    }
    assert is_ours(document)
    inside = Sink("k8s-audit", "https://siem.security.svc:8443/a", "PEM").document()["spec"]["webhook"]
    assert inside["clientConfig"] == {
        "service": {"namespace": "security", "name": "siem", "path": "/a", "port": 8443},
        "caBundle": "UEVN",
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://siem.example/a",
        "https://siem.security.svc",
        "https://siem.security.svc:443/a",
        "https://siem.security.svc:9765/a",
        "http://10.0.0.5:7765/k8s_audit",
    ],
)
def test_what_an_api_server_fills_in_is_no_difference_and_each_field_is_one(url: str) -> None:
    wanted = Sink("k8s-audit", url, "PEM", "Request", ["ResponseComplete"])
    there = wanted.document()
    service = there["spec"]["webhook"]["clientConfig"].get("service")
    if service:
        service.setdefault("port", 443)
    assert same(there, wanted)
    del there["spec"]["webhook"]["throttle"]
    assert same(there, wanted), "10 and 15 are what is filled in"
    assert not same(None, wanted)
    for part, key in (("policy", "level"), ("policy", "stages"), ("webhook", "clientConfig")):
        other = wanted.document()
        del other["spec"][part][key]
        assert not same(other, wanted), key
    assert sink_of({"metadata": {"name": "bare"}}).level == "None"
