"""GKE's audit log: turns audit events into LogEntries, as its sink to Pub/Sub exports them. Stands in for what Google runs.

Written from the documentation and from published LogEntries, not from our mapping:
https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry,
https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog,
https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging,
https://github.com/sysdiglabs/stackdriver-webhook-bridge (its converter/test_files),
https://github.com/elastic/integrations (its packages/gcp, test-audit.log),
https://github.com/GoogleCloudPlatform/khi (its pkg/task/inspection, the tests of ParseKubernetesOperation).
"""

from typing import Any

Json = dict[str, Any]
READS = ("get", "list", "watch")
CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 429: 8, 499: 1, 500: 13, 501: 12, 503: 14, 504: 4}
"""By the comments of https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto; 409 as in published LogEntries."""
UNKNOWN = 2
"""Of a code that has none of its own: as published LogEntries have it for 101."""


class GkeLog:
    """One cluster's."""

    def __init__(self, cluster: str = "shop", location: str = "europe-west1", project: str = "acme") -> None:
        self.labels = {"cluster_name": cluster, "location": location, "project_id": project}
        self.begun: set[str] = set()
        self.count = 0

    def entry(self, event: Json) -> Json:
        """The LogEntry of an event; those of one request are to come in their order."""
        self.count += 1
        log = "data_access" if event["verb"] in READS else "activity"
        made = {
            "insertId": f"{self.count:x}a7c0ffee",
            "logName": f"projects/{self.labels['project_id']}/logs/cloudaudit.googleapis.com%2F{log}",
            "protoPayload": self._payload(event),
            "receiveTimestamp": event["stageTimestamp"].replace("Z", "") + "789Z",
            "resource": {"type": "k8s_cluster", "labels": self.labels},
            "timestamp": _shortened(event["stageTimestamp"]),
            "operation": self._operation(event),
        }
        return made | ({"labels": event["annotations"]} if event.get("annotations") else {})

    def _operation(self, event: Json) -> Json:
        audit_id, stage = event["auditID"], event["stage"]
        ends = {"first": True, "last": True}
        if stage == "ResponseStarted":
            self.begun.add(audit_id)
            ends = {"first": True}
        elif audit_id in self.begun:
            ends = {"last": True}
        return {"id": audit_id, "producer": "k8s.io", **ends}

    def _payload(self, event: Json) -> Json:
        method, name = _method(event), self._resource_name(event)
        granted = event.get("annotations", {}).get("authorization.k8s.io/decision") == "allow"
        permission = {"permission": method, "resource": name} | ({"granted": True} if granted else {})
        metadata = {
            "callerIp": event.get("sourceIPs", [""])[0],
            "callerSuppliedUserAgent": event.get("userAgent"),
        }
        user = event["user"].get("username")
        payload = {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": method,
            "resourceName": name,
            "status": _status(event.get("responseStatus", {})),
            "authenticationInfo": {"principalEmail": user} if user else {},
            "authorizationInfo": [permission],
            "requestMetadata": {key: value for key, value in metadata.items() if value},
        }
        for part, key in (("request", "requestObject"), ("response", "responseObject")):
            if isinstance(event.get(key), dict):  # a Struct holds no array: a JSON patch is left out
                is_patch = part == "request" and event["verb"] == "patch"
                payload[part] = {"@type": "k8s.io/Patch" if is_patch else _type(event[key]), **event[key]}
        return payload

    def _resource_name(self, event: Json) -> str:
        named = event.get("objectRef")
        path: str = event["requestURI"].partition("?")[0]
        if named is None:
            return path.strip("/")
        words = [named.get("apiGroup", "core"), named["apiVersion"]]
        if named.get("namespace") and named["resource"] != "namespaces":
            words += ["namespaces", named["namespace"]]
        words += [named["resource"], named.get("name", ""), named.get("subresource", "")]
        if named.get("subresource") == "proxy":
            words.append(path.partition("/proxy/")[2].rstrip("/"))
        elif named.get("subresource") in ("exec", "attach") and self.count % 2:
            words.append(named["name"])  # as older clusters have it
        return "/".join(filter(None, words))


def _method(event: Json) -> str:
    """`io.k8s.core.v1.pods.exec.create`: the group backwards, a short one as if it ended with k8s.io."""
    named = event.get("objectRef")
    if named is None:
        return f"io.k8s.{event['verb']}"
    group = named.get("apiGroup", "core")
    backwards = ".".join(reversed(group.split("."))) if "." in group else f"io.k8s.{group}"
    words = [backwards, named["apiVersion"], named["resource"], named.get("subresource", ""), event["verb"]]
    return ".".join(filter(None, words))


def _status(status: Json) -> Json:
    code = status.get("code", 0)
    if 200 <= code < 300:
        return {}
    return {"code": CODES.get(code, UNKNOWN), "message": status.get("message") or "UNKNOWN"}


def _type(body: Json) -> str:
    """`core.k8s.io/v1.Pod`, `rbac.authorization.k8s.io/v1.Role`, `apps.k8s.io/v1.Deployment`."""
    group, _, version = body.get("apiVersion", "v1").rpartition("/")
    group = group or "core"
    return f"{group if '.' in group else f'{group}.k8s.io'}/{version}.{body.get('kind', 'Unknown')}"


def _shortened(time: str) -> str:
    """Without zeros at the end, as JSON of a protobuf has it."""
    seconds, _, fraction = time.removesuffix("Z").partition(".")
    digits = fraction.rstrip("0")
    return f"{seconds}.{digits}Z" if digits else f"{seconds}Z"
