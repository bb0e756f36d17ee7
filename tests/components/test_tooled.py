"""Components of clusters that others' tools, APIs and controllers change: what they register. The engine is mocked."""

import asyncio
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from k8s_audit.errors import ConfigError
from k8s_audit.platforms.cluster_api.component import ClusterApiAudit
from k8s_audit.platforms.created.component import KindAudit
from k8s_audit.platforms.hypershift.component import HypershiftAudit
from k8s_audit.platforms.iks.component import IksAudit
from k8s_audit.platforms.kops.component import KopsAudit
from k8s_audit.platforms.minikube.component import MinikubeAudit
from k8s_audit.platforms.minishift.component import MinishiftAudit
from k8s_audit.platforms.openshift_sink.component import OpenshiftSinkAudit
from k8s_audit.platforms.rke.component import RkeAudit
from tests.components.test_sysdig_receivers import SECRET, Engine, of_type, plain

RECEIVER: Any = {"name": "siem", "url": "https://siem.example/audit", "token": "TOKEN", "body_limit": 65_536}
HOSTS = [{"access": "ssh", "address": f"10.0.0.1{number}", "user": "rancher"} for number in (1, 2)]


@pytest.fixture
def engine() -> Engine:
    made = Engine()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(made, project="audit", stack="test", preview=False)
    return made


def kops(**settings: Any) -> None:
    given = {"clusterName": "prod.k8s.example.com"} | settings
    args: Any = {"settings": given, "receiver": RECEIVER, "kubeconfig": "/admin.conf"}
    mocks.test(lambda: KopsAudit("prod-1", args))()  # type: ignore[no-untyped-call]


def rke(**settings: Any) -> None:
    args: Any = {
        "settings": {"hosts": HOSTS} | settings,
        "receiver": RECEIVER,
        "kubeconfig": "/k",
        "ssh_private_key": "K",
    }
    mocks.test(lambda: RkeAudit("prod-1", args))()  # type: ignore[no-untyped-call]


def managed(component: Any, settings: Any = MappingProxyType({}), **more: Any) -> None:
    where = {"managementKubeconfig": "~/management", "namespace": "clusters", "name": "prod"} | settings
    args: Any = {"settings": where, "receiver": RECEIVER, "kubeconfig": "/admin.conf"} | more
    mocks.test(lambda: component("prod-1", args))()  # type: ignore[no-untyped-call]


def iks(delivery: dict[str, Any] | None = None, **settings: Any) -> None:
    args: Any = {
        "settings": {"clusterId": "prod-1"} | settings,
        "receiver": {
            "name": "siem",
            "url": "https://siem.example/audit",
            "client_certificate": "C",
            "client_key": "KEY",
        },
        "kubeconfig": "/k",
        "delivery": delivery or {},
    }
    mocks.test(lambda: IksAudit("prod-1", args))()  # type: ignore[no-untyped-call]


def test_iks_gets_its_webhook_as_a_secret_and_a_proof_after_it(engine: Engine) -> None:
    iks(region="eu-de", resourceGroup="g-1", adopt=True)
    (webhook,) = of_type(engine, "IksAuditWebhook").values()
    assert SECRET in webhook["webhook"]
    assert "client-key-data" in plain(webhook["webhook"])
    assert (webhook["cluster"], webhook["region"], webhook["resourceGroup"], webhook["adopt"]) == (
        "prod-1",
        "eu-de",
        "g-1",
        True,
    )
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert proof["apiServers"] == [""], "the kubeconfig's own"


def test_kops_gets_what_a_spec_has_a_field_for_and_proofs_between_groups_and_after_the_last_node(
    engine: Engine,
) -> None:
    kops()
    (spec,) = of_type(engine, "KopsSpecAudit").values()
    assert SECRET in spec["webhook"]
    assert "token: TOKEN" in plain(spec["webhook"])
    assert not [flag for flag in spec["arguments"] if "truncate" in flag]
    assert spec["arguments"]["audit-policy-file"] == "/srv/kubernetes/kube-apiserver/k8s-audit-policy.yaml"
    assert (spec["proof"], spec["proofTimeout"], spec["apiServers"]) == ("auditID", "30s", [])
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert (proof["apiServers"], proof["apiServerPods"]) == ([""], "k8s-app=kube-apiserver"), (
        "each behind the kubeconfig's"
    )


def test_each_listed_api_server_of_kops_is_proved(engine: Engine) -> None:
    kops(apiServers=["https://10.0.0.11:443", "https://10.0.0.12:443"], proveEachGroup=False)
    (spec,) = of_type(engine, "KopsSpecAudit").values()
    assert spec["proof"] == ""
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert proof["apiServers"] == ["https://10.0.0.11:443", "https://10.0.0.12:443"]
    assert proof["apiServerPods"] == ""


def test_rke_gets_flags_within_the_receivers_limits_and_the_key_is_secret(engine: Engine) -> None:
    rke(clusterFile="/srv/rke/cluster.yml")
    (cluster,) = of_type(engine, "RkeClusterAudit").values()
    assert plain(cluster["sshPrivateKey"]) == "K"
    assert SECRET in cluster["sshPrivateKey"]
    assert SECRET in cluster["webhook"]
    assert int(cluster["arguments"]["audit-webhook-truncate-max-batch-size"]) < 65_536
    assert cluster["arguments"]["audit-log-path"] == "/var/log/kube-audit/audit-log.json"
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert proof["apiServers"] == ["https://10.0.0.11:6443", "https://10.0.0.12:6443"]


def test_a_kubeadm_control_plane_gets_flags_within_the_receivers_limits_and_proofs_come_after_it(
    engine: Engine,
) -> None:
    managed(ClusterApiAudit, {"apiServers": ["https://10.0.0.11:6443"]})
    (control_plane,) = of_type(engine, "KubeadmControlPlaneAudit").values()
    assert control_plane["kubeconfig"] == str(Path.home() / "management")
    assert SECRET in control_plane["webhook"]
    assert "token: TOKEN" in plain(control_plane["webhook"])
    assert int(control_plane["arguments"]["audit-webhook-truncate-max-batch-size"]) < 65_536
    assert (control_plane["proof"], control_plane["proofTimeout"]) == ("auditID", "30s")
    assert (control_plane["clusterKubeconfig"], control_plane["apiServers"]) == (
        "/admin.conf",
        ["https://10.0.0.11:6443"],
    )
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert (proof["kubeconfig"], proof["apiServers"]) == ("/admin.conf", ["https://10.0.0.11:6443"])


def test_a_hosted_cluster_gets_a_webhook_alone(engine: Engine) -> None:
    managed(HypershiftAudit, {"auditProfile": "Default"})
    (hosted,) = of_type(engine, "HostedClusterAudit").values()
    assert SECRET in hosted["webhook"]
    assert (hosted["profile"], hosted["namespace"], hosted["cluster"]) == ("Default", "clusters", "prod")
    assert len(of_type(engine, "DeliveryCheck")) == 1


class Told(Engine):
    """Yields the digest of what was set."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id, state = super().new_resource(args)
        return id, state | dict.fromkeys(("digest", "manifestDigest"), f"digest of {args.name}")


@pytest.mark.parametrize(
    ("component", "settings", "audited"),
    [
        (KopsAudit, {"clusterName": "prod.k8s.example.com"}, "prod-1-spec"),
        (RkeAudit, {"hosts": HOSTS, "clusterFile": "/srv/rke/cluster.yml"}, "prod-1-cluster"),
        (
            ClusterApiAudit,
            {"managementKubeconfig": "~/m", "namespace": "c", "name": "p"},
            "prod-1-control-plane",
        ),
        (HypershiftAudit, {"managementKubeconfig": "~/m", "namespace": "c", "name": "p"}, "prod-1-hosted-cluster"),
        (KindAudit, {"folder": "~/kind-1"}, "prod-1-created"),
        (MinikubeAudit, {"profile": "dev"}, "prod-1-dev"),
        (MinishiftAudit, {"profile": "dev"}, "prod-1-dev"),
    ],
)
def test_the_proof_is_made_again_when_what_was_set_changes(
    component: Any, settings: dict[str, Any], audited: str
) -> None:
    engine = Told()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(engine, project="audit", stack="test", preview=False)
    args: Any = {"settings": settings, "receiver": RECEIVER, "kubeconfig": "/admin.conf"}
    mocks.test(lambda: component("prod-1", args))()  # type: ignore[no-untyped-call]
    assert audited in engine.registered
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert proof["triggers"] == [f"digest of {audited}"]
    assert (proof["receiver"], proof["url"]) == ("siem", "https://siem.example/audit")


def test_a_minikube_node_gets_its_webhook_as_a_secret_and_its_files_where_kubeadm_mounts_them(engine: Engine) -> None:
    args: Any = {"settings": {"profile": "dev", "home": "/m"}, "receiver": RECEIVER, "kubeconfig": "/admin.conf"}
    mocks.test(lambda: MinikubeAudit("prod-1", args))()  # type: ignore[no-untyped-call]
    (node,) = of_type(engine, "MinikubeNodeAudit").values()
    assert SECRET in node["webhook"]
    assert "token: TOKEN" in plain(node["webhook"])
    assert (node["profile"], node["folder"]) == ("dev", "/m")
    assert node["arguments"]["audit-policy-file"] == "/etc/ssl/certs/k8s-audit/dev/policy.yaml"
    assert node["arguments"]["audit-log-path"] == "-"
    assert int(node["arguments"]["audit-webhook-truncate-max-batch-size"]) < 65_536
    args["delivery"] = {"log": {"path": "/var/log/audit.log"}}
    with pytest.raises(ConfigError, match=r"audit:delivery.log.path: /var/log/audit.log; allowed: -"):
        mocks.test(lambda: MinikubeAudit("prod-2", args))()  # type: ignore[no-untyped-call]


def test_minishifts_machine_gets_its_paths_as_the_container_has_them_and_a_policy_of_1_11(engine: Engine) -> None:
    args: Any = {
        "settings": {"home": "/m", "apiServer": "https://10.0.0.9:8443"},
        "receiver": RECEIVER,
        "kubeconfig": "/k",
    }
    mocks.test(lambda: MinishiftAudit("prod-1", args))()  # type: ignore[no-untyped-call]
    (machine,) = of_type(engine, "MinishiftMachineAudit").values()
    assert SECRET in machine["webhook"]
    assert machine["policy"].startswith("apiVersion: audit.k8s.io/v1beta1\n")
    assert machine["arguments"]["audit-policy-file"] == "/etc/origin/master/k8s-audit/policy.yaml"
    assert machine["arguments"]["audit-log-path"] == "/etc/origin/master/k8s-audit-log/audit.log"
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert proof["apiServers"] == ["https://10.0.0.9:8443"]


def sink(receiver: Any = MappingProxyType({}), delivery: Any = MappingProxyType({}), **settings: Any) -> None:
    known = {"name": "siem", "url": "https://siem.example/audit"} | dict(receiver)
    args: Any = {"settings": settings, "receiver": known, "kubeconfig": "/admin.conf", "delivery": dict(delivery)}
    mocks.test(lambda: OpenshiftSinkAudit("prod-1", args))()  # type: ignore[no-untyped-call]


def test_an_audit_sink_says_what_its_settings_say_and_its_proof_waits_longer_than_a_batch(engine: Engine) -> None:
    sink({"ca": "PEM"}, {"throttle": {"qps": 20.0}}, level="Request")
    (made,) = of_type(engine, "OpenshiftAuditSink").values()
    assert (made["url"], made["ca"], made["level"]) == ("https://siem.example/audit", "PEM", "Request")
    assert (made["sink"], made["qps"], made["burst"], made["timeout"]) == ("k8s-audit", 20, 15, "1h")
    (proof,) = of_type(engine, "DeliveryCheck").values()
    assert proof["timeout"] == "2m"


def test_faults_are_raised_before_anything_is_registered(engine: Engine) -> None:
    with pytest.raises(ConfigError, match=r"settings.clusterName: String should match pattern"):
        kops(clusterName="prod")
    with pytest.raises(ConfigError, match=r"hosts\[1\].node: 10.0.0.11 is hosts\[0\]'s too"):
        rke(hosts=[HOSTS[0], HOSTS[0] | {"name": "b", "apiServer": "https://b:6443"}])
    with pytest.raises(ConfigError, match=r"audit:delivery.maxWait: HyperShift alone"):
        managed(HypershiftAudit, delivery={"maxWait": "1s"})
    with pytest.raises(ConfigError, match="receiver: runs in the hosted cluster"):
        managed(HypershiftAudit, receiver=RECEIVER | {"namespace": "falco"})
    with pytest.raises(ConfigError, match=r"delivery.maxWait: IBM alone sets"):
        iks(delivery={"maxWait": "1s"})
    with pytest.raises(ConfigError, match=r"receiver.token: an AuditSink has no field for it"):
        sink({"token": "T"})
    assert not of_type(engine, "DeliveryCheck")
