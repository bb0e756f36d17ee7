"""Switching log types, against the fake of EKS's calls that the engine's tests use too."""

import time
from threading import Event, Timer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from k8s_audit.errors import CloudError
from k8s_audit.platforms.eks.logging import ClusterLogging
from tests.standins import aws_cloud


class Client:
    """boto3's client, as far as it is used, without HTTP."""

    def __init__(self, *clusters: str) -> None:
        self.eks = aws_cloud.Eks()
        for name in clusters:
            self._ask("POST", "/clusters", {"name": name, "roleArn": "", "resourcesVpcConfig": {}})

    def describe_cluster(self, name: str) -> Any:
        return self._ask("GET", f"/clusters/{name}")

    def update_cluster_config(self, name: str, logging: Any) -> Any:
        return self._ask("POST", f"/clusters/{name}/update-config", {"logging": logging})

    def describe_update(self, name: str, updateId: str) -> Any:  # noqa: N803 # boto3's name
        return self._ask("GET", f"/clusters/{name}/updates/{updateId}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            return self.eks.answer(method, path, "eu-west-1", body or {})[1]
        except aws_cloud.RefusedError as error:
            raise ClientError({"Error": {"Code": error.code, "Message": str(error)}}, "call") from None

    def begin(self, name: str, *types: str) -> None:
        """Somebody else's change."""
        self.update_cluster_config(name, {"clusterLogging": [{"types": list(types), "enabled": True}]})


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_cloud, "TAKES", 0.7)


def logging(
    client: Client, said: list[str], name: str = "prod-1", timeout: float = 10, stop: Event | None = None
) -> Any:
    return ClusterLogging(client, name, timeout, stop or Event(), said.append)


def test_only_what_was_off_is_switched_on_and_counts_as_ours(said: list[str]) -> None:
    client = Client("prod-1")
    assert logging(client, said).switch(["api"], on=True) == {"api"}
    assert logging(client, said).switch(["api", "audit"], on=True) == {"audit"}
    assert logging(client, said).switch(["api", "audit"], on=True) == set()
    assert logging(client, said).switch(["audit"], on=False) == {"audit"}
    assert logging(client, said).enabled() == {"api"}
    assert not said


def test_what_somebody_else_was_just_switching_on_is_not_ours(said: list[str]) -> None:
    client = Client("prod-1")
    client.begin("prod-1", "audit")
    assert logging(client, said).switch(["audit"], on=True) == set()


def test_a_cluster_that_stays_busy_is_one_message_after_the_timeout(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_cloud, "TAKES", 60)
    client = Client("prod-1")
    client.begin("prod-1", "api")
    with pytest.raises(CloudError, match=r"cluster prod-1: another change of the cluster is still under way after 1 s"):
        logging(client, said, timeout=1).switch(["audit"], on=True)
    assert said


def test_a_change_that_takes_too_long_is_ours_all_the_same(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_cloud, "TAKES", 60)
    ours: set[str] = set()
    with pytest.raises(CloudError, match=r"EKS has not finished update update-2 after 1 s"):
        logging(Client("prod-1"), said, timeout=1).switch(["audit"], on=True, begun=ours.update)
    assert ours == {"audit"}


def test_a_wait_ends_at_once_when_it_must(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_cloud, "TAKES", 60)
    stop = Event()
    Timer(0.2, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(CloudError, match="stopped while waiting"):
        logging(Client("prod-1"), said, timeout=60, stop=stop).switch(["audit"], on=True)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nowhere", "cluster nowhere: ResourceNotFoundException: No cluster found for name: nowhere."),
        ("failing-1", "Failed: AccessDenied: the cluster's role may not write logs"),
    ],
)
def test_what_eks_says_is_in_the_message(name: str, text: str, said: list[str]) -> None:
    with pytest.raises(CloudError) as raised:
        logging(Client("failing-1"), said, name).switch(["audit"], on=True)
    assert text in str(raised.value)
