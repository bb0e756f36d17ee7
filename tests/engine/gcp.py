"""Google Cloud of the engine's tests, as they ask it: pstest, the small server of its other APIs, the stand-in for Pulumi's plugin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.standins import gcp_cloud
from tests.standins.gcp_plugin import attached
from tests.standins.pubsub import PubSub, running

PROJECT, LOCATION = "payments", "europe-west1"


@dataclass
class Cloud:
    """Google Cloud, as a test asks it."""

    url: str
    pubsub: PubSub
    plugin: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        token = {"Authorization": "Bearer of-a-test"}
        answer = httpx.request(method, f"{self.url}/v1/{path}", json=body, headers=token, trust_env=False)
        return answer.raise_for_status().json()

    def variables(self) -> dict[str, str]:
        return gcp_cloud.variables(self.url) | {"PULUMI_DEBUG_PROVIDERS": self.plugin}

    def cluster(self, name: str, project: str = PROJECT, location: str = LOCATION, **more: Any) -> str:
        """Make one that no stack owns."""
        body = {
            "name": name,
            "endpoint": "192.0.2.7",
            "networkConfig": {"network": f"projects/{project}/global/networks/default"},
            "workloadIdentityConfig": {"workloadPool": f"{project}.svc.id.goog"},
            **more,
        }
        self.ask("POST", f"projects/{project}/locations/{location}/clusters", body)
        return name

    def audited(self, project: str = PROJECT) -> dict[str, Any]:
        """The project's audit configuration: by service, the types, and whom each exempts."""
        configs = self.ask("POST", f"projects/{project}:getIamPolicy").get("auditConfigs", [])
        return {
            one["service"]: {log["logType"]: log.get("exemptedMembers", []) for log in one["auditLogConfigs"]}
            for one in configs
        }

    def audit(self, project: str, services: dict[str, dict[str, list[str]]]) -> None:
        """Set a project's audit configuration, as somebody else does."""
        policy = self.ask("POST", f"projects/{project}:getIamPolicy")
        policy["auditConfigs"] = [
            {
                "service": service,
                "auditLogConfigs": [{"logType": kind, "exemptedMembers": members} for kind, members in types.items()],
            }
            for service, types in services.items()
        ]
        self.ask("POST", f"projects/{project}:setIamPolicy", {"policy": policy, "updateMask": "auditConfigs,etag"})

    def members(self, path: str) -> set[tuple[str, str]]:
        """Who has which role on a thing."""
        bindings = self.ask("POST", f"{path}:getIamPolicy").get("bindings", [])
        return {(one["role"], member) for one in bindings for member in one["members"]}

    def number(self, project: str) -> str:
        found: str = self.ask("GET", f"projects/{project}")["projectNumber"]
        return found

    def left(self, project: str = PROJECT) -> list[str]:
        """All that a stack makes in a project."""
        return [
            *(topic.name for topic in self.pubsub.publisher.list_topics(project=f"projects/{project}")),
            *(each.name for each in self.pubsub.subscriber.list_subscriptions(project=f"projects/{project}")),
            *(sink["name"] for sink in self.ask("GET", f"projects/{project}/sinks").get("sinks", [])),
            *(rule["name"] for rule in self.ask("GET", f"projects/{project}/global/firewalls").get("items", [])),
            *(one["email"] for one in self.ask("GET", f"projects/{project}/serviceAccounts").get("accounts", [])),
        ]


@contextmanager
def google() -> Iterator[Cloud]:
    """Run all of it."""
    with gcp_cloud.running() as url, running() as pubsub, attached(url, pubsub.address) as plugin:
        yield Cloud(url, pubsub, plugin)
