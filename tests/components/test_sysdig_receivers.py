"""The Sysdig receivers as components: what they register. The engine and the cluster are mocked; the charts are the real ones."""

import asyncio
import base64
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from k8s_audit.config.judge import judge
from k8s_audit.config.registry import PLACES, RECEIVERS
from k8s_audit.errors import ConfigError
from k8s_audit.receivers.placement import Placed, Placement
from tests.vendors.charts import folder

KEY, TOKEN = "AN-ACCESS-KEY", "AN-API-TOKEN"
SECRET = "4dabf18193072939515e22adb298388d"
"""https://www.pulumi.com/docs/iac/concepts/secrets/: how the engine's protocol marks one."""
CLUSTER_IP = "10.96.0.77"


class Engine(mocks.Mocks):
    """In place of engine and cluster: keeps what is registered, and gives each Service an address."""

    def __init__(self) -> None:
        self.registered: dict[str, dict[str, Any]] = {}
        self.types: dict[str, str] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.registered[args.name], self.types[args.name] = args.inputs, args.typ
        state = dict(args.inputs)
        if args.typ == "kubernetes:core/v1:Service":
            state["spec"] = {**state.get("spec", {}), "clusterIP": CLUSTER_IP}
        if args.typ == "kubernetes:core/v1:Secret":
            state["metadata"] = {"name": f"{args.name}-4f1c", **state.get("metadata", {})}
        if args.typ == "k8s-audit:index:ReceiverCertificate":
            state |= {"ca": "CA", "certificate": "CERTIFICATE", "key": "PRIVATE-KEY", "notAfter": "2036-01-01"}
        return args.resource_id or f"{args.name}-id", state

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], None]:
        return {}, None


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(made, project="audit", stack="test", preview=False)
    return made


def settings(kind: str, **more: Any) -> dict[str, Any]:
    chart = more.get("install") or {"sysdig-shield": "shield"}.get(kind, kind)
    if kind == "sysdig-agent" and chart in (kind, "none"):
        return more
    return {"chart": {"path": str(folder() / "sysdig" / chart)}, **more}


@pytest.fixture
def place(engine: Engine, tmp_path: Path) -> Callable[..., tuple[Placed, dict[str, Any]]]:
    """Places a receiver, and tells what it has become when all of it is registered."""

    def placed(kind: str, **more: Any) -> tuple[Placed, dict[str, Any]]:
        model = RECEIVERS[kind]
        assert model
        config = judge(model, "audit:receivers[0]", {"kind": kind, "name": "sysdig", **settings(kind, **more)})
        secrets = {"sysdigAccessKey": KEY, "secureApiToken": TOKEN}
        known: dict[str, Any] = {}

        def register() -> None:
            import pulumi_kubernetes

            placement = Placement(
                tmp_path,
                "prod-1",
                "/etc/kubernetes/admin.conf",
                lambda: pulumi_kubernetes.Provider("cluster"),
                lambda key: pulumi.Output.secret(secrets[key]),
            )
            one: Placed = import_module(f"k8s_audit.receivers.{PLACES[kind]}").place(config, placement)
            found.append(one)
            pulumi.Output.all(**(one.endpoint or {})).apply(known.update)

        found: list[Placed] = []
        mocks.test(register)()  # type: ignore[no-untyped-call]
        return found[0], known

    return placed


def plain(value: Any) -> Any:
    """Inputs without the marks of secrets."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET in value else {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def of_type(engine: Engine, typ: str) -> dict[str, dict[str, Any]]:
    return {name: engine.registered[name] for name, found in engine.types.items() if found.endswith(f":{typ}")}


def test_an_agent_that_is_there_gets_a_service_when_its_pods_have_been_looked_for(
    engine: Engine, place: Callable[..., Any]
) -> None:
    placed, endpoint = place("sysdig-agent", selector={"app": "agent"})
    (pods,) = of_type(engine, "ReceiverPods").values()
    assert pods["selector"] == {"app": "agent"}
    assert pods["port"] == 7765
    (service,) = of_type(engine, "Service").values()
    assert service["metadata"]["name"] == "sysdig-agent"
    assert service["spec"]["selector"] == {"app": "agent"}
    hosts = {"proof": "accepted", "pod_port": 7765}  # no namespace: no NetworkPolicy knows pods in the hosts' network
    assert endpoint == {"name": "sysdig", "url": f"http://{CLUSTER_IP}:7765/k8s_audit"} | hosts
    assert not of_type(engine, "Release")
    assert placed.admission_webhooks == ()


def test_an_installed_agent_is_reached_by_the_charts_own_service(engine: Engine, place: Callable[..., Any]) -> None:
    _, endpoint = place("sysdig-agent", install="agent", port=7766)
    (service,) = of_type(engine, "Service")
    assert service == "sysdig-service"
    assert endpoint["url"] == f"http://{CLUSTER_IP}:7766/k8s_audit"
    assert not of_type(engine, "ReceiverPods")


@pytest.mark.parametrize("kind", ["sysdig-shield", "cluster-shield"])
def test_a_shield_is_reached_by_tls_with_a_certificate_of_ours(
    kind: str, engine: Engine, place: Callable[..., Any]
) -> None:
    _, endpoint = place(kind)
    service = {"sysdig-shield": "sysdig-shield-cluster", "cluster-shield": "sysdig-cluster-shield"}[kind]
    assert endpoint["url"] == f"https://{CLUSTER_IP}:6443/k8s-audit"
    assert endpoint["tls_server_name"] == f"{service}.sysdig.svc"
    assert endpoint["ca"] == "CA"
    (certificate,) = of_type(engine, "ReceiverCertificate").values()
    assert certificate["names"][0] == f"{service}.sysdig.svc"
    tls = plain(engine.registered["sysdig-tls"])["data"]
    assert base64.b64decode(tls["tls.key"]) == b"PRIVATE-KEY"


@pytest.mark.parametrize("kind", ["sysdig-shield", "cluster-shield", "admission-controller"])
def test_a_receiver_of_admission_reviews_has_no_endpoint_and_names_its_webhook(
    kind: str, place: Callable[..., Any]
) -> None:
    more = {} if kind == "admission-controller" else {"method": "validating_webhook"}
    placed, _ = place(kind, **more)
    assert placed.endpoint is None
    assert placed.admission_webhooks == ("audit.secure.sysdig.com",)


CASES = [
    ("sysdig-agent", {"install": "agent"}),
    ("sysdig-agent", {"install": "sysdig-deploy"}),
    ("sysdig-shield", {}),
    ("cluster-shield", {}),
    ("cluster-shield", {"install": "sysdig-deploy"}),
    ("admission-controller", {}),
    ("admission-controller", {"install": "sysdig-deploy"}),
]


@pytest.mark.parametrize(("kind", "more"), CASES)
def test_secrets_lie_in_secrets_of_ours_alone_and_are_marked_there(
    kind: str, more: dict[str, Any], engine: Engine, place: Callable[..., Any]
) -> None:
    place(kind, **more)
    encoded = [base64.b64encode(text.encode()).decode() for text in (KEY, TOKEN)]
    holders = [
        name
        for name, inputs in engine.registered.items()
        if any(t in json.dumps(inputs) for t in [KEY, TOKEN, *encoded])
    ]
    assert holders
    assert set(holders) <= set(of_type(engine, "Secret"))
    for name in holders:
        assert SECRET in json.dumps(engine.registered[name]["data"])
    (release,) = of_type(engine, "Release").values()
    assert all(f"{name}-4f1c" in json.dumps(release["values"]) for name in holders)


@pytest.mark.parametrize(("kind", "more"), CASES)
def test_a_secret_that_is_there_is_named_and_none_is_made(
    kind: str, more: dict[str, Any], engine: Engine, place: Callable[..., Any]
) -> None:
    names = {"existingSecret": "mine"}
    if kind == "admission-controller" and more:
        names["existingAccessKeySecret"] = "mine-too"
    place(kind, **more, **names)
    assert of_type(engine, "Secret").keys() <= {"sysdig-tls"}
    assert not of_type(engine, "Namespace")
    (release,) = of_type(engine, "Release").values()
    assert all(name in json.dumps(release["values"]) for name in names.values())


def test_the_hpa_asks_for_the_metrics_api_and_a_fixed_number_does_not(
    engine: Engine, place: Callable[..., Any]
) -> None:
    place("admission-controller")
    assert of_type(engine, "MetricsApi")
    engine.registered.clear()
    engine.types.clear()
    place("admission-controller", autoscaling={"enabled": False}, replicas=3)
    assert not of_type(engine, "MetricsApi")


@pytest.mark.parametrize(
    ("kind", "port"), [("admission-controller", 5000), ("sysdig-shield", 6443), ("cluster-shield", 6443)]
)
def test_only_the_given_addresses_are_admitted_to_the_port_of_the_pods(
    kind: str, port: int, engine: Engine, place: Callable[..., Any]
) -> None:
    place(kind, admit=["10.0.0.11/32"])
    (policy,) = of_type(engine, "NetworkPolicy").values()
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.11/32"}}]
    assert rule["ports"] == [{"port": port, "protocol": "TCP"}]
    assert policy["spec"]["podSelector"]["matchLabels"]["app.kubernetes.io/instance"] == "sysdig"


@pytest.mark.parametrize(
    ("kind", "more", "level"),
    [
        ("sysdig-agent", {"install": "agent"}, "privileged"),
        ("sysdig-shield", {}, "privileged"),
        ("cluster-shield", {}, "baseline"),
        ("cluster-shield", {"runMode": "multi-process"}, "privileged"),
        ("admission-controller", {}, "restricted"),
        ("admission-controller", {"webhook": {"hostNetwork": True}}, "privileged"),
        ("admission-controller", {"install": "sysdig-deploy"}, "privileged"),
    ],
)
def test_the_namespace_admits_what_the_pods_need_and_no_more(
    kind: str, more: dict[str, Any], level: str, engine: Engine, place: Callable[..., Any]
) -> None:
    place(kind, **more)
    (namespace,) = of_type(engine, "Namespace").values()
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": level}


@pytest.mark.parametrize(("kind", "more"), CASES)
def test_a_value_that_the_chart_does_not_know_is_refused_before_anything_is_registered_but_the_component(
    kind: str, more: dict[str, Any], engine: Engine, place: Callable[..., Any]
) -> None:
    with pytest.raises(ConfigError, match=r"receiver sysdig: values\.replicaCuont: unknown key"):
        place(kind, **more, values={"replicaCuont": 3})
    assert all(typ.startswith(("k8s-audit:index:", "pulumi:")) for typ in engine.types.values()), engine.types
    assert not of_type(engine, "Release")


def test_a_value_that_a_typed_key_sets_too_is_refused(place: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match=r"values\.webhook\.logLevel: a typed key"):
        place("admission-controller", values={"webhook": {"logLevel": "debug"}})
