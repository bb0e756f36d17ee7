"""Audit events as an API server writes them, and the records in which each cloud delivers them."""

import gzip
import json
from typing import Any

Event = dict[str, Any]
STAMP = "2026-01-02T03:04:05.678901Z"


def event(number: int = 0, **changes: Any) -> Event:
    """An event, keys in the API server's order; `changes` replace members, None takes one out."""
    whole: Event = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": f"7e0cbccf-8d8a-4f5f-aefb-{number:012}",
        "stage": "ResponseComplete",
        "requestURI": f"/api/v1/namespaces/prod/pods/p-{number}?a=1&b=<2>",
        "verb": "create",
        "user": {"username": "anna", "groups": ["dev", "system:authenticated"], "extra": {"n": ["1"]}},
        "sourceIPs": ["10.0.0.7"],
        "userAgent": "kubectl/v1.34.4 (linux/amd64)",
        "objectRef": {"resource": "pods", "namespace": "prod", "name": f"p-{number}", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "code": 201},
        "requestObject": {
            "kind": "Pod",
            "metadata": {"name": 'a "b" \\ ü \u2028 </script>', "annotations": {"x": "y"}},
            "spec": {"large": 9007199254740993, "huge": 12345678901234567890123, "f": 1.10, "e": 1e21, "z": -0.0},
        },
        "responseObject": {
            "kind": "Pod",
            "metadata": {"uid": "u", "annotations": {"k": "v"}},
            "list": [1, {"user": 2}],
        },
        "requestReceivedTimestamp": STAMP,
        "stageTimestamp": STAMP,
        "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": 'RBAC: "<a>" & b'},
    }
    whole |= changes
    return {key: value for key, value in whole.items() if value is not None}


def text(given: Event) -> str:
    """As an API server writes it: no spaces, and what HTML reads otherwise escaped (Go's encoding/json)."""
    plain = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    for each in "<>&\u2028\u2029":
        plain = plain.replace(each, f"\\u{ord(each):04x}")
    return plain


def cloudwatch(*messages: Any, cluster: str = "prod-1", **changes: Any) -> Event:
    """A message of a CloudWatch subscription."""
    events = [{"id": str(at), "timestamp": 1767323045678, "message": each} for at, each in enumerate(messages)]
    return {
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": f"/aws/eks/{cluster}/cluster",
        "logStream": "kube-apiserver-audit-0123456789abcdef",
        "subscriptionFilters": ["k8s-audit"],
        "logEvents": events,
    } | changes


CONTROL = cloudwatch(
    "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream.", messageType="CONTROL_MESSAGE"
)


def azure_record(log: Any, category: str = "kube-audit", **changes: Any) -> Event:
    """One record of Azure Monitor."""
    return {
        "category": category,
        "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read",
        "ccpNamespace": "5e",
        "resourceId": "/SUBSCRIPTIONS/0/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD-2",
        "properties": {"log": log, "stream": "stdout", "pod": "kube-apiserver-0"},
        "time": "2026-01-02T03:04:06.0000000Z",
    } | changes


def azure(*records: Event) -> Event:
    """A message of an Event Hub."""
    return {"records": list(records)}


def compressed(record: Event) -> bytes:
    """As Kinesis has it."""
    return gzip.compress(json.dumps(record).encode())


def collected(given: Event, **changes: Any) -> Event:
    """A record of OpenShift's collector: an event with what logging 6 puts beside it, and 5.x' `tag`."""
    return {
        "hostname": "master-0",
        "log_type": "audit",
        "log_source": "kubeAPI",
        "openshift": {"cluster_id": "0a1b", "sequence": 1767323045678901000},
        "k8s_audit_level": given.get("level"),
        **given,
        "timestamp": STAMP,
        "@timestamp": STAMP,
        "tag": ".k8s-audit.log",
    } | changes


def posted(*events: Any) -> Event:
    """What a kube-apiserver's webhook posts: in a list, an item has neither kind nor apiVersion."""
    items = [
        {key: value for key, value in each.items() if key not in ("kind", "apiVersion")}
        if isinstance(each, dict)
        else each
        for each in events
    ]
    return {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": items}
