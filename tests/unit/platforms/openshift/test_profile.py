"""The wait for OpenShift's operator, where it is away for a while, has nothing to do, or is stopped."""

from threading import Event
from typing import Any

import pytest

from k8s_audit.errors import ChangeError
from k8s_audit.platforms.openshift import profile
from k8s_audit.platforms.openshift.api import AwayError
from k8s_audit.platforms.openshift.profile import AuditProfile
from k8s_audit.platforms.openshift.rollout import Mark
from tests.unit.platforms.openshift.test_rollout import BEFORE, DONE


class Seen:
    """In place of a cluster: what is seen of it, one after the other, the last for ever."""

    kubeconfig = "/k"

    def __init__(self, *seen: Any) -> None:
        self.left = list(seen)

    def seen(self) -> Any:
        found = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        if isinstance(found, Exception):
            raise found
        return found


def waited(seen: Seen, since: Mark | None, stop: Event | None = None, timeout: float = 5) -> list[str]:
    said: list[str] = []
    AuditProfile(seen, timeout, stop or Event(), said.append).wait(since)  # type: ignore[arg-type]
    return said


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "POLL", 0.001)


def test_an_api_server_that_is_away_while_it_restarts_is_waited_for() -> None:
    assert waited(Seen(AwayError("the cluster does not answer"), DONE), BEFORE) == [
        "waiting for the API servers: the cluster does not answer"
    ]


def test_an_operator_that_makes_no_other_policy_had_it_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "BEGIN", 0.0)
    (said,) = waited(Seen(DONE), DONE.mark)
    assert said.startswith("the operator has made no other policy within 0 s")


def test_a_stop_ends_the_wait_and_says_what_was_left() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(ChangeError, match=r"stopped while waiting .*: the operator has not made the policy yet"):
        waited(Seen(DONE), DONE.mark, stop)


def test_an_api_server_that_stays_away_is_told_of() -> None:
    with pytest.raises(ChangeError, match=r"after 0 s: the cluster does not answer\."):
        waited(Seen(AwayError("the cluster does not answer")), BEFORE, timeout=0)
