"""What a stack's file may say of an OpenShift 4.2 to 4.5 cluster, and what is rendered of it."""

import json
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from k8s_audit.cli.app import app
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError
from tests.project import CHECKOUT

HTTP = {"kind": "http", "name": "siem", "url": "https://siem.example/audit"}
AGENT = {"kind": "sysdig-agent", "name": "agent", "install": "none"}
FALCO = {"kind": "falco", "name": "falco"}


def judged(receiver: Any = HTTP, **parts: Any) -> Stack:
    values: dict[str, Any] = {
        "cluster": {"name": "prod-1", "kubeconfig": "admin.conf"},
        "platform": {"kind": "openshift-4.2"} | parts.pop("platform", {}),
        "receivers": [receiver],
        **parts,
    }
    return load_stack({f"audit:{key}": json.dumps(value) for key, value in values.items()})


def at_service(url: str, version: str = "4.3") -> dict[str, Any]:
    return {"receiver": HTTP | {"url": url}, "platform": {"version": version}}


def test_the_example_is_a_stack_and_what_is_risky_is_warned_of() -> None:
    stack = load_stack(*read_stack_file((CHECKOUT / "stacks" / "Pulumi.openshift-4.2.yaml").read_text()))
    level, upgrades, batch = stack.warnings()
    assert "level Metadata records no body" in level
    assert (
        "Upgradeable=False: the cluster is not upgraded until `destroy`. OpenShift 4.2 to 4.5 get no security"
        in upgrades
    )
    assert "a batch of 400 events that is larger than the receiver takes is lost" in batch
    assert "the bodies of Secrets and tokens go to the receiver" in judged(platform={"level": "Request"}).warnings()[0]
    assert (stack.proof_timeout(), judged(delivery={"checkTimeout": "90s"}).proof_timeout()) == ("2m", "90s")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"platform": {"version": "4.6"}}, "4.6; this kind is for 4.2 to 4.5; for 4.6 and newer the kind is openshift"),
        ({"platform": {"version": "4.1.3"}}, "4.1 and older are not built"),
        ({"platform": {"kind": "openshift", "version": "4.3"}}, "for 4.2 to 4.5 the kind is openshift-4.2"),
        ({"platform": {"level": "None"}}, "audit:platform.level: Input should be 'Metadata', 'Request' or"),
        ({"platform": {"stages": ["Panic"]}}, "audit:platform.stages: ResponseComplete must be among them"),
        ({"platform": {"stages": ["ResponseComplete"] * 2}}, "audit:platform.stages: one stands there more than once"),
        ({"platform": {"sink": "A_B"}}, "audit:platform.sink: "),
        ({"policy": {"profile": "detection"}}, "audit:policy: an AuditSink has one level and stages for all requests"),
        ({"forwarder": {"kind": "bento"}}, "audit:forwarder: the API servers of a cluster of kind openshift-4.2 send"),
        ({"cluster": {"name": "p"}}, "audit:cluster.kubeconfig: missing"),
        ({"delivery": {"maxWait": "1s"}}, "audit:delivery.maxWait: an AuditSink has no field for it"),
        ({"delivery": {"throttle": {"enabled": False}}}, "audit:delivery.throttle.enabled: an AuditSink is always limited"),
        ({"delivery": {"throttle": {"qps": 0.5}}}, "audit:delivery.throttle.qps: 0.5; an AuditSink takes whole numbers"),
        ({"receiver": {"kind": "recorder", "name": "r"}}, "audit:receivers[0]: a recorder listens on this machine alone"),
        ({"receiver": HTTP | {"authorization": "bearer"}}, "audit:receivers[0].authorization: an AuditSink has no field"),
        ({"receiver": HTTP | {"tlsServerName": "a"}}, "audit:receivers[0].tlsServerName: an AuditSink has no field for it"),
        ({"receiver": FALCO | {"tls": True}}, "audit:receivers[0]: kind falco is reached by an address and another name"),
        (at_service("http://siem.a.svc/audit"), "url: an AuditSink knows a Service by https://NAME.NAMESPACE"),
        (at_service("https://siem.a.svc.cluster.local:443/a"), "url: an AuditSink knows a Service by https://NAME"),
        (at_service("https://siem.a.svc/a"), "url: its port is missing; the API servers' counters"),
        (at_service("https://siem.a.svc/k8s_audit"), "url: path /k8s_audit; at a Service's name an AuditSink takes"),
        (at_service("https://siem.a.svc:8443/", "4.2"), "url: port 8443; API servers of OpenShift 4.2 send to a Service's port 443"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        judged(**given)
    assert any(said in fault for fault in caught.value.faults), caught.value.faults


def test_what_an_audit_sink_can_say_is_taken() -> None:
    assert judged(AGENT, delivery={"kind": "webhook", "throttle": {"qps": 20, "burst": 30}}).takes_events
    assert judged(FALCO, platform={"version": "4.5.41"}).receivers[0].kind == "falco"
    assert judged(**at_service("https://siem.a.svc:8443/k8s-audit")).takes_events


def test_the_arguments_and_the_audit_sink_are_rendered() -> None:
    told = CliRunner().invoke(app, ["render", "--stack", "openshift-4.2", "--project", str(CHECKOUT)])
    assert told.exit_code == 0, told.output
    settings, sink = YAML(typ="safe").load_all(told.stdout)
    assert settings["spec"]["unsupportedConfigOverrides"]["apiServerArguments"] == {
        "audit-dynamic-configuration": ["true"],
        "feature-gates": ["DynamicAuditing=true"],
        "runtime-config": ["auditregistration.k8s.io/v1alpha1=true"],
    }
    assert (
        "# cluster: KubeAPIServer cluster, each list after what spec.observedConfig has there\n# to be merged"
        in told.stdout
    )
    assert sink["kind"] == "AuditSink"
    assert sink["spec"]["webhook"]["clientConfig"] == {"url": "https://siem.example.com:8443/k8s-audit"}
