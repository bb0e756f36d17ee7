"""Azure Resource Manager on this machine: a small server of the documented API, for those types alone that the product has.

It keeps what it is given in memory and judges it by the documentation's rules (https://learn.microsoft.com/en-us/rest/api/eventhub,
https://learn.microsoft.com/en-us/rest/api/monitor/diagnostic-settings). A hub is really made, as a topic of a Kafka, where there is one (`event_hubs.py`).
Its quirk is Azure's: a diagnostic setting comes back with each category that is off, retention policies and metrics that nobody sent
(https://github.com/hashicorp/terraform-provider-azurerm/issues/17172). Not Azure's: all is done at once, and no right is checked.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from tests.project import CHECKOUT
from tests.standins.event_hubs import Topics

Values = dict[str, Any]
SUBSCRIPTION, CENTRAL = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
"""The two that there are."""
CATEGORIES = (
    *("kube-apiserver", "kube-audit", "kube-audit-admin", "kube-controller-manager", "kube-scheduler"),
    *("cluster-autoscaler", "cloud-controller-manager", "guard"),
)
RULES = 12
"""https://learn.microsoft.com/en-us/azure/event-hubs/event-hubs-quotas"""
NEVER = {"days": 0, "enabled": False}


class RefusedError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP's.
        code: Azure's name of it.
        text: for people.
    """

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


class Arm:
    """The resources that there are, by their IDs; Azure's do not tell capitals from small letters."""

    def __init__(self, topics: Topics | None) -> None:
        self.topics, self.found, self.lock = topics, dict[str, Values](), Lock()

    def answer(self, method: str, id: str, body: Values) -> Values:
        subscription = re.match(r"/subscriptions/([^/]+)", id)
        if subscription is None or subscription[1] not in (SUBSCRIPTION, CENTRAL):
            raise RefusedError(404, "SubscriptionNotFound", f"The subscription of '{id}' could not be found.")
        with self.lock:
            if method == "PUT":
                return self._put(id, body)
            if method == "POST":
                return self._keys(id)
            if method == "DELETE":
                return self._delete(id)
            return self._get(id)

    def _get(self, id: str) -> Values:
        if id.endswith("/all"):  # for tests
            return {"ids": sorted(found["id"] for found in self.found.values())}
        if id.lower() not in self.found:
            kind, name = _type(id), id.rpartition("/")[2]
            raise RefusedError(404, "ResourceNotFound", f"The Resource '{kind}/{name}' was not found.")
        return self.found[id.lower()]

    def _put(self, id: str, body: Values) -> Values:
        kind, old = _type(id), self.found.get(id.lower())
        made: Values = body | {"id": id, "name": id.rpartition("/")[2], "type": kind}
        properties = made["properties"] = dict(body.get("properties", {}))
        match kind.lower():
            case "microsoft.eventhub/namespaces":
                self._namespace(id, made, properties)
            case "microsoft.eventhub/namespaces/eventhubs":
                self._hub(id, old, properties)
            case (
                "microsoft.eventhub/namespaces/authorizationrules"
                | "microsoft.eventhub/namespaces/eventhubs/authorizationrules"
            ):
                self._rule(id, properties["rights"])
            case "microsoft.insights/diagnosticsettings":
                self._setting(id, properties)
            case "microsoft.network/networksecuritygroups/securityrules":
                self._security_rule(id, properties)
            case "microsoft.storage/storageaccounts/blobservices/containers":
                self._get(id.partition("/blobServices")[0])
        self.found[id.lower()] = made
        return made

    def _namespace(self, id: str, made: Values, properties: Values) -> None:
        name = made["name"]
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]", name):
            raise RefusedError(400, "BadRequest", f"The specified name '{name}' is not valid for a namespace.")
        taken = [other for other in self.found.values() if other["type"] == made["type"] and other["name"] == name]
        if any(other["id"].lower() != id.lower() for other in taken):
            raise RefusedError(409, "NamespaceUnavailable", f"The namespace name '{name}' is in use by somebody else.")
        properties.setdefault("publicNetworkAccess", "Enabled")
        properties.setdefault("disableLocalAuth", False)
        properties |= {
            "provisioningState": "Succeeded",
            "status": "Active",
            "kafkaEnabled": True,
            "serviceBusEndpoint": f"https://{name}.servicebus.windows.net:443/",
        }
        root = f"{id}/authorizationRules/RootManageSharedAccessKey"
        rights = {"rights": ["Listen", "Manage", "Send"]}
        self.found[root.lower()] = {
            "id": root,
            "name": root.rpartition("/")[2],
            "type": _type(root),
            "properties": rights,
        }

    def _hub(self, id: str, old: Values | None, properties: Values) -> None:
        namespace = self._get(id.rpartition("/eventhubs/")[0])
        name, hours = id.rpartition("/")[2], properties["retentionDescription"]["retentionTimeInHours"]
        if hours > 7 * 24 and namespace["sku"]["name"] == "Standard":
            raise RefusedError(400, "MessagingGatewayBadRequest", f"RetentionTimeInHours {hours} is above 168.")
        partitions = int(properties["partitionCount"])
        if old and old["properties"]["partitionCount"] != partitions:
            raise RefusedError(400, "MessagingGatewayBadRequest", "Partition count can't be changed for an event hub.")
        properties |= {
            "status": "Active",
            "partitionCount": partitions,
            "partitionIds": [str(number) for number in range(partitions)],
            "messageRetentionInDays": hours // 24,
        }
        if self.topics and old is None:
            self.topics.make(name, partitions)

    def _rule(self, id: str, rights: list[str]) -> None:
        scope = id.rpartition("/authorizationRules/")[0]
        self._get(scope)
        if "Manage" in rights and not {"Listen", "Send"} <= set(rights):
            raise RefusedError(400, "BadRequest", "Assigning 'Manage' to rights requires 'Listen' and 'Send'.")
        there = [
            key for key in self.found if key.startswith(f"{scope}/authorizationrules/".lower()) and key != id.lower()
        ]
        if len(there) >= RULES:
            raise RefusedError(400, "BadRequest", f"The limit of {RULES} authorization rules has been reached.")

    def _setting(self, id: str, properties: Values) -> None:
        cluster = self._get(id.partition("/providers/Microsoft.Insights")[0])
        rule_id, hub = properties["eventHubAuthorizationRuleId"], properties.get("eventHubName")
        if "/eventhubs/" in rule_id.lower():
            raise RefusedError(
                400,
                "BadRequest",
                f"Resource type '{_type(rule_id).lower()}' is invalid for property 'properties.eventHubAuthorizationRuleId'.",
            )
        namespace_id = rule_id.rpartition("/authorizationRules/")[0]
        rights = self._get(rule_id)["properties"]["rights"]
        if "Send" not in rights or (not hub and "Manage" not in rights):
            raise RefusedError(
                400,
                "BadRequest",
                "If a valid EventHub name is not specified in the diagnostic setting, the EventHub authorization rule requires"
                " manage|send|listen access",
            )
        self._get(f"{namespace_id}/eventhubs/{hub}")
        where = self._get(namespace_id)["location"]
        if where != cluster["location"]:
            raise RefusedError(
                400, "BadRequest", f"Resource is in '{cluster['location']}', the event hub in '{where}'."
            )
        on = {log["category"] for log in properties["logs"] if log["enabled"]}
        if strange := sorted({log["category"] for log in properties["logs"]} - set(CATEGORIES)):
            raise RefusedError(400, "BadRequest", f"Category '{strange[0]}' is not supported.")
        for key, other in self.found.items():
            if key.startswith(id.rpartition("/")[0].lower() + "/") and key != id.lower():
                sent = {log["category"] for log in other["properties"]["logs"] if log["enabled"]}
                if sent & on and other["properties"]["eventHubName"] == hub:
                    raise RefusedError(
                        409,
                        "Conflict",
                        f"Data sink '{rule_id}' is already used in diagnostic setting '{other['name']}'.",
                    )
        logs = [{"category": name, "enabled": name in on, "retentionPolicy": NEVER} for name in CATEGORIES]
        properties["logs"] = sorted(logs, key=lambda log: not log["enabled"])
        properties["metrics"] = [{"category": "AllMetrics", "enabled": False, "retentionPolicy": NEVER}]

    def _security_rule(self, id: str, properties: Values) -> None:
        group = id.rpartition("/securityRules/")[0]
        self._get(group)
        for key, other in self.found.items():
            same = other["properties"].get("priority") == properties["priority"] and key != id.lower()
            if key.startswith(f"{group}/securityrules/".lower()) and same:
                raise RefusedError(
                    400,
                    "SecurityRuleConflict",
                    f"Security rule {id.rpartition('/')[2]} conflicts with rule {other['name']}. Rules cannot have the same Priority"
                    " and Direction.",
                )

    def _keys(self, id: str) -> Values:
        resource, _, what = id.rpartition("/")
        found = self._get(resource)
        if what.lower() != "listkeys":
            raise RefusedError(404, "NotFound", f"The stand-in for Azure serves no {what}")
        if found["type"].lower() == "microsoft.storage/storageaccounts":
            return {
                "keys": [{"keyName": f"key{n}", "value": f"storage-key-{n}", "permissions": "FULL"} for n in (1, 2)]
            }
        own = (
            self.topics.password
            if self.topics
            else f"Endpoint=sb://local/;SharedAccessKeyName={found['name']};SharedAccessKey=k1"
        )
        return {
            "keyName": found["name"],
            "primaryKey": "k1",
            "secondaryKey": "k2",
            "primaryConnectionString": own,
            "secondaryConnectionString": own.replace("SharedAccessKey=", "SharedAccessKey=second-"),
        }

    def _delete(self, id: str) -> Values:
        for key in [key for key in self.found if key == id.lower() or key.startswith(id.lower() + "/")]:
            gone = self.found.pop(key)
            if self.topics and gone["type"].lower() == "microsoft.eventhub/namespaces/eventhubs":
                self.topics.remove(gone["name"])
        return {}


def _type(id: str) -> str:
    """`Microsoft.EventHub/namespaces/eventhubs` of an ID."""
    provider, *rest = id.rpartition("/providers/")[2].split("/")
    return "/".join([provider, *rest[::2]])


@contextmanager
def running(**variables: str) -> Iterator[str]:
    """Run it in a process of its own; yields its URL. The end of its stdin ends it, whatever becomes of us.

    Args:
        variables: of the process: where Kafka is, see `event_hubs.py`.
    """
    command = [sys.executable, "-m", "tests.standins.azure_cloud"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"


def main() -> None:
    arm = Arm(Topics.of_surroundings())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, answer = 200, arm.answer(self.command, self.path.partition("?")[0], json.loads(text or b"{}"))
            except RefusedError as error:
                status, answer = error.status, {"error": {"code": error.code, "message": str(error)}}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
