"""A project's audit configuration, by the small real server of Google's APIs that the engine's tests use too."""

from collections.abc import Iterator
from threading import Event, Timer
from typing import Any

import pytest

from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke.data_access import DataAccess, exempted, switched
from k8s_audit.platforms.gke.session import Access, Session
from tests.standins import gcp_cloud

GKE, ALL = "container.googleapis.com", "allServices"
Configs = dict[str, dict[str, list[str]]]
ROBOT = "serviceAccount:robot@payments.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with gcp_cloud.running() as running:
        yield running


@pytest.fixture
def session(url: str, monkeypatch: pytest.MonkeyPatch) -> Session:
    for name, value in gcp_cloud.variables(url).items():
        monkeypatch.setenv(name, value)
    return Access().session()


class Kit:
    """One project, and what the user is told."""

    def __init__(self, session: Session, project: str) -> None:
        self.session, self.project = session, project
        self.said: list[str] = []

    def access(self, timeout: float = 10, stop: Event | None = None) -> DataAccess:
        return DataAccess(self.session, self.project, timeout, stop or Event(), self.said.append)

    def set(self, configs: Configs) -> None:
        """Somebody else's configuration; theirs has a role in it, which must stay."""
        policy = self.access().read()
        policy |= {
            "bindings": [{"role": "roles/viewer", "members": ["user:a@example.com"]}],
            "auditConfigs": [
                {
                    "service": service,
                    "auditLogConfigs": [
                        {"logType": kind, "exemptedMembers": members} for kind, members in types.items()
                    ],
                }
                for service, types in configs.items()
            ],
        }
        body = {"policy": policy, "updateMask": "bindings,auditConfigs,etag"}
        self.session.post("", "projects", f"projects/{self.project}:setIamPolicy", body)

    def live(self) -> dict[str, Any]:
        return {
            config["service"]: {log["logType"]: log.get("exemptedMembers", []) for log in config["auditLogConfigs"]}
            for config in self.access().read().get("auditConfigs", [])
        }

    def busy(self, times: int) -> None:
        self.session.post("", "projects", f"projects/{self.project}:busy", {"times": times})


@pytest.fixture
def kit(session: Session, request: pytest.FixtureRequest) -> Kit:
    return Kit(session, f"p-{abs(hash(request.node.name)) % 10**8}")


def test_only_what_was_off_is_switched_on_and_counts_as_ours(kit: Kit) -> None:
    kit.set({GKE: {"DATA_WRITE": [ROBOT]}, "storage.googleapis.com": {"DATA_READ": []}, ALL: {"ADMIN_READ": []}})
    ours = kit.access().bring(["ADMIN_READ", "DATA_READ", "DATA_WRITE"], ["user:b@example.com"], set())
    assert ours == {"DATA_READ"}
    assert kit.live() == {
        GKE: {"DATA_WRITE": [ROBOT], "DATA_READ": ["user:b@example.com"]},
        "storage.googleapis.com": {"DATA_READ": []},
        ALL: {"ADMIN_READ": []},
    }
    assert kit.access().read()["bindings"] == [{"role": "roles/viewer", "members": ["user:a@example.com"]}]
    project = f"project {kit.project}"
    assert kit.said == [
        f"{project}: ADMIN_READ is logged already: left as it is",
        f"{project}: DATA_WRITE is logged already, but not for {ROBOT}: left as it is",
    ]


def test_what_we_switched_on_is_switched_off_and_others_stay(kit: Kit) -> None:
    theirs: Configs = {GKE: {"DATA_WRITE": [ROBOT]}, "storage.googleapis.com": {"DATA_READ": []}}
    kit.set(theirs)
    ours = kit.access().bring(["DATA_READ", "DATA_WRITE"], [], set())
    kit.access().undo(ours, "k8s-audit-prod-1-events-0a1b2c3d")
    assert kit.live() == theirs
    kit.set({})
    kit.access().undo(kit.access().bring(["DATA_READ"], [], set()), "mine")
    assert kit.live() == {}, "no empty configuration is left behind"


def test_a_second_time_changes_nothing_and_a_changed_wish_changes_ours_alone(kit: Kit) -> None:
    ours = kit.access().bring(["DATA_READ", "ADMIN_READ"], [], set())
    etag = kit.access().read()["etag"]
    assert kit.access().bring(["DATA_READ", "ADMIN_READ"], [], ours) == ours
    assert kit.access().read()["etag"] == etag
    assert kit.access().bring(["DATA_READ"], [ROBOT], ours) == {"DATA_READ"}
    assert kit.live() == {GKE: {"DATA_READ": [ROBOT]}}


def test_what_somebody_switched_off_or_exempted_is_ours_again(kit: Kit) -> None:
    ours = kit.access().bring(["DATA_READ", "DATA_WRITE"], [], set())
    kit.set({GKE: {"DATA_READ": ["user:mallory@example.com"]}})
    policy = kit.access().read()
    assert set(switched(policy)) == {"DATA_READ"}
    assert exempted(policy, ours) == ["user:mallory@example.com"]
    kit.access().bring(["DATA_READ", "DATA_WRITE"], [], ours)
    assert kit.live() == {GKE: {"DATA_READ": [], "DATA_WRITE": []}}


def test_whom_the_configuration_for_all_services_exempts_is_told(kit: Kit) -> None:
    ours = kit.access().bring(["DATA_READ"], [], set())
    kit.set({GKE: {"DATA_READ": []}, ALL: {"DATA_READ": ["user:mallory@example.com"]}})
    kit.access().bring(["DATA_READ"], [], ours)
    assert kit.said == [
        f"project {kit.project}: allServices exempts user:mallory@example.com, whose requests are not logged"
    ]


def test_a_change_by_others_at_the_same_time_is_not_overwritten_but_waited_for(kit: Kit) -> None:
    kit.busy(2)
    assert kit.access().bring(["DATA_READ"], [], set()) == {"DATA_READ"}
    assert kit.live() == {GKE: {"DATA_READ": []}}


def test_others_who_never_cease_are_one_message(kit: Kit) -> None:
    kit.busy(100)
    with pytest.raises(CloudError, match="others changed the policy all through 1 s"):
        kit.access(timeout=1).bring(["DATA_READ"], [], set())
    stop = Event()
    Timer(0.2, stop.set).start()
    with pytest.raises(CloudError, match="stopped while others changed the policy"):
        kit.access(timeout=60, stop=stop).bring(["DATA_READ"], [], set())


def test_what_another_clusters_sink_lives_of_stays_on(kit: Kit) -> None:
    ours = kit.access().bring(["DATA_READ"], [], set())
    for name in ("mine", "somebodys", "k8s-audit-other-events-0a1b2c3d"):
        kit.session.post("", "logging", f"projects/{kit.project}/sinks", {"name": name})
    kit.access().undo(ours, "mine")
    assert kit.live() == {GKE: {"DATA_READ": []}}
    assert kit.said == [f"project {kit.project}: DATA_READ stay logged, for the sink k8s-audit-other-events-0a1b2c3d"]


def test_what_google_says_is_in_the_message(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CloudError, match=r"project nowhere-1: audit configuration: PERMISSION_DENIED: The caller"):
        Kit(session, "nowhere-1").access().bring(["DATA_READ"], [], set())
    monkeypatch.setenv("GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT", "http://127.0.0.1:9/v1/")
    with pytest.raises(CloudError, match="project payments: audit configuration: "):
        Kit(session, "payments").access().read()
