"""What each start of minikube finds: never flags without their files, and nothing of a change that failed on the node."""

from pathlib import Path
from threading import Event

import pytest

from k8s_audit.control_plane.change import AuditSetup
from k8s_audit.errors import ChangeError, HostError
from k8s_audit.platforms.minikube.change import MinikubeChange, NodeChange
from k8s_audit.platforms.minikube.kept import Kept
from k8s_audit.platforms.minikube.profile import path_of
from tests.unit.platforms.minikube.test_profile import FLAGS, written


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    path = path_of(tmp_path, "dev")
    path.parent.mkdir(parents=True)
    path.write_text(written([]))
    path.chmod(0o640)
    return Kept(tmp_path, "dev")


def options(kept: Kept) -> dict[str, str]:
    profile = kept.profile()
    assert profile
    return profile.options


def test_all_of_it_is_kept_once_for_its_owner_alone_and_forgotten(kept: Kept) -> None:
    before = sorted(kept.folder.rglob("*"))
    kept.keep("POLICY", "WEBHOOK", FLAGS)
    assert kept.holds("POLICY", "WEBHOOK", FLAGS)
    assert not kept.holds("POLICY", "ANOTHER", FLAGS)
    assert (kept.webhook.read_text(), kept.webhook.stat().st_mode & 0o777) == ("WEBHOOK", 0o600)
    assert path_of(kept.folder, "dev").stat().st_mode & 0o777 == 0o640
    assert "WEBHOOK" not in " ".join(kept.plan("P", "WEBHOOK-2", FLAGS))
    kept.forget({})
    kept.forget({})
    assert sorted(kept.folder.rglob("*")) == sorted([*before, kept.folder / "files"])
    assert path_of(kept.folder, "dev").read_text() == written([]).replace("[]", "null", 1)


def test_without_the_files_there_are_no_flags(kept: Kept) -> None:
    (kept.folder / "files").write_text("a file is in the way")
    with pytest.raises(HostError, match="cannot be written"):
        kept.keep("POLICY", "WEBHOOK", FLAGS)
    assert options(kept) == {}


def test_the_flags_go_before_the_files(kept: Kept) -> None:
    kept.keep("POLICY", "WEBHOOK", FLAGS)
    path_of(kept.folder, "dev").write_text("no profile")
    with pytest.raises(HostError, match="is of no minikube that is known"):
        kept.forget({})
    assert kept.policy.exists()
    assert kept.webhook.exists()


def test_a_deleted_cluster_leaves_nothing_to_do_but_the_files(kept: Kept) -> None:
    kept.keep("POLICY", "WEBHOOK", FLAGS)
    path_of(kept.folder, "dev").unlink()
    change = MinikubeChange(kept.folder, "dev", "", "1s", Event())
    assert change.read() is None
    change.restore()
    assert not kept.webhook.exists()
    with pytest.raises(HostError, match=r"minikube has no profile dev: .*minikube start -p dev"):
        change.apply(AuditSetup("POLICY", "WEBHOOK", FLAGS))


def test_a_change_that_fails_on_the_node_is_kept_nowhere(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def apply(self, setup: AuditSetup) -> None:
            raise ChangeError("the API server did not come")

    def node(self: MinikubeChange) -> NodeChange:
        return Failing()  # type: ignore[return-value]

    monkeypatch.setattr(MinikubeChange, "node", node)
    with pytest.raises(ChangeError):
        MinikubeChange(kept.folder, "dev", "", "1s", Event()).apply(AuditSetup("POLICY", "WEBHOOK", FLAGS))
    assert options(kept) == {}
    assert not (kept.folder / "files").exists()
