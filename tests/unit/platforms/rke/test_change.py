"""The change of an RKE cluster by its command line, whose stand-in is on the PATH: order, faults, kills, the way back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.delivery.webhook import render_webhook, secrets_in
from k8s_audit.errors import ChangeError, ConflictError, DeliveryError, HostError, ToolError
from k8s_audit.platforms.rke.change import RkeChange, RkeCluster, Wanted, opened
from k8s_audit.platforms.rke.cluster_file import paths
from k8s_audit.receivers.endpoint import ReceiverEndpoint
from tests.standins.rke import Rke

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n"
TOKEN = "canary-4711"
WEBHOOK = render_webhook(ReceiverEndpoint("siem", "https://siem.example/audit", token=TOKEN))
TEXT = "# ours\nnodes:\n- {address: 10.0.0.11, role: [controlplane, etcd]}\nservices:\n  kube-api:\n    extra_args: {v: '4'}\n"
Make = Callable[..., RkeChange]


@pytest.fixture
def rke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rke:
    made = Rke.made(tmp_path / "rke")
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.yml"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    return Wanted(POLICY, WEBHOOK, AuditFlags().arguments(*paths(str(tmp_path / "node" / "k8s-audit"))))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def change(rke: Rke, file: Path, said: list[str]) -> Make:
    def make(addresses: tuple[str, ...] = ("10.0.0.11",), remembered: str = "", stop: Event | None = None) -> RkeChange:
        hosts = {address: LocalHost(address, "") for address in addresses}
        cluster = RkeCluster(opened(str(file)), hosts, 60, True, stop or Event(), said.append, secrets_in(WEBHOOK))
        return RkeChange(cluster, remembered)

    return make


def test_the_webhook_lies_on_the_node_before_rke_brings_the_cluster_file_and_all_goes_back(
    rke: Rke, file: Path, change: Make, wanted: Wanted, said: list[str], tmp_path: Path
) -> None:
    tried: list[str] = []
    wanted = replace(wanted, contract=lambda host: tried.append(host.name))
    planned = change().plan(wanted)
    assert file.read_text() == TEXT
    assert planned[0] == f"write {wanted.path} on 10.0.0.11"
    assert "set services.kube-api.audit_log.configuration.policy" in planned
    assert planned[-1].startswith("rke up; each kube-apiserver restarts once, as many at a time as upgrade_strategy")
    change().apply(wanted)
    assert tried == ["10.0.0.11"] * 2
    assert rke.calls == [f"up --ssh-agent-auth --config {file}"]
    assert rke.brought["extra_args"]["audit-webhook-config-file"] == wanted.path
    webhook = Path(wanted.path)
    assert webhook.read_text() == WEBHOOK
    assert webhook.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_mode & 0o777 == 0o640
    beside = file.with_name("cluster.yml.k8s-audit")
    assert beside.stat().st_mode & 0o777 == 0o600
    assert "Finished building Kubernetes cluster successfully" in " ".join(said)
    assert TOKEN not in file.read_text() + beside.read_text() + " ".join([*said, *planned, *rke.calls])

    rke.forget()
    change().apply(wanted)
    assert change().plan(wanted) == []
    assert rke.calls == []
    other = replace(wanted, webhook=WEBHOOK.replace(TOKEN, "another"))
    change().apply(other)
    assert rke.calls, "another token asks for a restart"

    change().restore(wanted.path)
    assert file.read_text() == TEXT
    assert not (tmp_path / "node").exists()
    assert not beside.exists()
    assert "audit_log" not in rke.brought
    rke.forget()
    change().restore(wanted.path)
    assert rke.calls == []


def test_when_rke_fails_the_file_the_node_and_the_cluster_go_back(
    rke: Rke, file: Path, change: Make, wanted: Wanted, tmp_path: Path
) -> None:
    rke.fail(1)
    with pytest.raises(ChangeError, match="Failed to bring up Control Plane") as caught:
        change().apply(wanted)
    assert str(caught.value).endswith("The cluster is as it was before")
    assert len(rke.calls) == 2
    assert file.read_text() == TEXT
    assert "audit_log" not in rke.brought
    assert not (tmp_path / "node").exists()
    assert not file.with_name("cluster.yml.k8s-audit").exists()
    change().apply(wanted)
    ours = file.read_text()
    rke.fail(1)
    with pytest.raises(ChangeError, match="as it was before"):
        change().apply(replace(wanted, webhook=WEBHOOK.replace(TOKEN, "wrong")))
    assert (file.read_text(), Path(wanted.path).read_text()) == (ours, WEBHOOK)
    rke.fail(2)
    with pytest.raises(ChangeError, match="The way back failed, too"):
        change().apply(replace(wanted, policy=POLICY.replace("Metadata", "Request")))
    assert file.read_text() == ours
    change().apply(wanted)
    change().restore(wanted.path)
    assert file.read_text() == TEXT


def test_a_change_that_was_cut_off_is_finished_or_taken_back_by_the_next_one(
    rke: Rke, file: Path, change: Make, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(cluster: RkeCluster, stop: Event | None = None) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RkeCluster, "up", killed)
        with pytest.raises(KeyboardInterrupt):
            change().apply(wanted)
    assert "audit_log" in file.read_text()
    change().apply(wanted)
    assert len(rke.calls) == 1, "the file was as wanted, the cluster was not"
    with monkeypatch.context() as patch:
        patch.setattr(RkeCluster, "up", killed)
        with pytest.raises(KeyboardInterrupt):
            change().restore(wanted.path)
    assert file.read_text() == TEXT
    change().restore(wanted.path)
    assert len(rke.calls) == 2
    assert "audit_log" not in rke.brought


def test_a_webhook_file_that_drifted_on_one_node_alone_is_mended_by_a_real_restart_and_only_one(
    rke: Rke, file: Path, change: Make, wanted: Wanted
) -> None:
    change().apply(wanted)
    env, text = rke.brought["extra_env"], file.read_text()
    for _ in range(2):
        Path(wanted.path).write_text("somebody's")
        rke.forget()
        assert change().plan(wanted)[0] == f"write {wanted.path} on 10.0.0.11"
        change().apply(wanted)
        assert Path(wanted.path).read_text() == WEBHOOK
        assert len(rke.calls) == 1
        assert rke.brought["extra_env"] != env, "RKE starts an API server anew only where its definition is another one"
        env = rke.brought["extra_env"]
        change().apply(wanted)
        assert (len(rke.calls), change().plan(wanted)) == (1, [])
    assert file.read_text() == text
    change().restore(wanted.path)
    assert file.read_text() == TEXT


def test_a_node_that_is_away_keeps_no_other_from_its_way_back(
    rke: Rke, file: Path, change: Make, wanted: Wanted, tmp_path: Path
) -> None:
    two = TEXT.replace("services:", "- {address: 10.0.0.12, role: [controlplane]}\nservices:")
    file.write_text(two)

    class Away(LocalHost):
        gone = False

        def write(self, path: str, content: bytes, mode: int = 0o600) -> None:
            if self.gone:
                raise HostError(f"host {self.name}: no route")
            super().write(f"{path}-{self.name}", content, mode)

        def read(self, path: str) -> bytes | None:
            return super().read(f"{path}-{self.name}")

    both = change(("10.0.0.11", "10.0.0.12"))
    hosts = {address: Away(address, "") for address in both.cluster.hosts}
    both = RkeChange(replace(both.cluster, hosts=hosts))
    both.apply(wanted)
    first, second = hosts.values()

    def lost(stop: Event | None = None) -> None:
        first.gone = True
        raise ToolError("Failed to bring up Control Plane")

    broken = RkeChange(both.cluster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RkeCluster, "up", lambda cluster, stop=None: lost() if stop is None else None)
        with pytest.raises(ChangeError, match=r"The way back failed, too: host 10\.0\.0\.11: no route"):
            broken.apply(replace(wanted, webhook=WEBHOOK.replace(TOKEN, "another")))
    assert second.read(wanted.path) == WEBHOOK.encode()


def test_a_file_that_somebody_changed_since_loses_only_what_is_ours_even_if_nothing_lies_beside_it(
    file: Path, change: Make, wanted: Wanted
) -> None:
    record = change().apply(wanted).text()
    file.write_text(file.read_text().replace("# ours", "# ours and theirs"))
    change().restore(wanted.path)
    assert file.read_text() == TEXT.replace("# ours", "# ours and theirs")
    record = change().apply(wanted).text()
    file.with_name("cluster.yml.k8s-audit").unlink()
    change(remembered=record).restore(wanted.path)
    assert "audit" not in file.read_text()
    assert "v: '4'" in file.read_text()


def test_a_file_that_an_api_server_is_still_told_to_read_stays(file: Path, change: Make, wanted: Wanted) -> None:
    """As where our lines came from `render`, or all memory of them is lost: what is there is not known to be ours."""
    change().apply(wanted)
    file.with_name("cluster.yml.k8s-audit").unlink()
    with pytest.raises(HostError, match="an API server would not start without that file, so it stays"):
        change().restore(wanted.path)
    assert Path(wanted.path).exists()


def test_hosts_and_control_plane_nodes_must_be_the_same(file: Path, change: Make, wanted: Wanted) -> None:
    file.write_text(
        TEXT.replace(
            "services:",
            "- {address: 10.0.0.12, role: [controlplane]}\n- {address: 10.0.0.13, role: [worker]}\nservices:",
        )
    )
    with pytest.raises(HostError) as caught:
        change(("10.0.0.11", "10.0.0.13")).apply(wanted)
    assert "10.0.0.13 is no control-plane node of" in str(caught.value)
    assert "these are: 10.0.0.11, 10.0.0.12" in str(caught.value)
    assert "10.0.0.12 is a control-plane node" in str(caught.value)
    assert change().strays(file.read_text()) == ["10.0.0.12"]
    assert not Path(wanted.path).exists()


def test_what_is_found_before_leaves_all_as_it_is(
    rke: Rke, file: Path, change: Make, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> None:
        raise DeliveryError("receiver siem answers 404")

    with pytest.raises(DeliveryError):
        change().apply(replace(wanted, contract=refused))
    file.write_text(TEXT.replace("{v: '4'}", "{audit-webhook-config-file: /etc/theirs.yaml}"))
    with pytest.raises(ConflictError, match="adopt: true takes over what is there"):
        change().apply(wanted)
    monkeypatch.setenv("RKE_STANDIN_VERSION", "rke version v0.3.2")
    with pytest.raises(ToolError, match=r"rke 0\.3 is too old; needed: 1\.0 or newer"):
        change().apply(wanted)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolError, match=r"rke is not on the PATH; https://rke\.docs\.rancher\.com"):
        change().apply(wanted)
    file.unlink()
    monkeypatch.setenv("PATH", f"{rke.folder}/bin:/usr/bin:/bin")
    monkeypatch.delenv("RKE_STANDIN_VERSION")
    with pytest.raises(HostError, match=r"cluster.yml is not there; audit:platform.clusterFile names"):
        change().restore(wanted.path)
    assert rke.calls == []
    assert not Path(wanted.path).exists()
