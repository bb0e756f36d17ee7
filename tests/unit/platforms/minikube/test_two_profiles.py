"""A stack that goes from one profile to another: what is told where the provider is killed between. Each node is this machine's files."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from k8s_audit.control_plane.change import Change, Place
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.platforms.minikube.change import MinikubeChange
from k8s_audit.platforms.minikube.profile import path_of
from k8s_audit.provider.resource import Context
from k8s_audit.provider.resources import host_audit
from k8s_audit.provider.resources.minikube_node_audit import MinikubeNodeAuditInputs, MinikubeNodeAuditResource
from tests.unit.control_plane.test_transaction import BASE, KilledError, StandInServer
from tests.unit.platforms.minikube.test_profile import FLAGS, written

Inputs = Callable[[str], MinikubeNodeAuditInputs]


class Server(StandInServer):
    killed = ""

    def check(self, current: bytes, policy: str) -> None:
        if self.killed == "before it began":
            raise KilledError

    def wait(self, *args: object) -> None:
        if self.killed == "in mid-wait" and Path(self.path).parent.name == "prod":
            raise KilledError


class Node(Change):
    def before(self) -> dict[str, str]:
        return {}


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    for name in ("dev", "prod"):
        path_of(tmp_path, name).parent.mkdir(parents=True)
        path_of(tmp_path, name).write_text(written([]))
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest").write_bytes(BASE)

    def node(change: MinikubeChange) -> Node:
        folder = tmp_path / change.kept.name
        place = Place(str(folder), "https://a:1", str(folder / "config"), str(folder / "state"))
        return Node(LocalHost(change.kept.name), place, Server(str(folder / "manifest")), Event())

    monkeypatch.setattr(MinikubeChange, "node", node)
    monkeypatch.setattr(host_audit, "contract_of", lambda *_: None)

    def of(profile: str) -> MinikubeNodeAuditInputs:
        return MinikubeNodeAuditInputs(
            policy="POLICY",
            webhook="WEBHOOK",
            arguments=FLAGS,
            profile=profile,
            folder=str(tmp_path),
            known_hosts="",
            restart_timeout="1s",
        )

    return of


@pytest.mark.parametrize("killed", ["before it began", "in mid-wait"])
def test_a_destroy_after_a_kill_between_says_that_the_other_profile_may_audit_still(
    killed: str, inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    context = Context(Event(), said.append)
    resource, dev, prod = MinikubeNodeAuditResource, inputs("dev"), inputs("prod")
    id, old = resource.create(context, "", dev)
    with monkeypatch.context() as patch:
        patch.setattr(Server, "killed", killed)
        with pytest.raises(KilledError):
            resource.update(context, id, prod, old)
    assert (tmp_path / "dev" / "manifest").read_bytes() == BASE
    assert ((tmp_path / "prod" / "manifest").read_bytes() == BASE) == (killed == "before it began")
    assert said == []

    resource.delete(context, id, old)
    (line,) = said
    assert line.startswith(
        "host dev: nothing of ours is there, so nothing was taken back. If an `up` that moved auditing"
    )
    assert "`pulumi up` takes it over" in line
    id, now = resource.create(context, "", prod)
    resource.delete(context, id, now)
    assert said == [line]
    for name in ("dev", "prod"):
        assert [path.name for path in (tmp_path / name).iterdir()] == ["manifest"]
        assert (tmp_path / name / "manifest").read_bytes() == BASE


def test_an_up_after_such_a_kill_finishes_it_in_silence(
    inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    context = Context(Event(), said.append)
    id, old = MinikubeNodeAuditResource.create(context, "", inputs("dev"))
    with monkeypatch.context() as patch:
        patch.setattr(Server, "killed", "in mid-wait")
        with pytest.raises(KilledError):
            MinikubeNodeAuditResource.update(context, id, inputs("prod"), old)
    assert MinikubeNodeAuditResource.update(context, id, inputs("prod"), old)["intact"]
    assert (tmp_path / "dev" / "manifest").read_bytes() == BASE
    assert said == []
