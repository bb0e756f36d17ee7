"""A LogEntry of GKE's audit log becomes an audit event, by `decode_gke.blobl`; other LogEntries are skipped.

Shape and examples: https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging. Better than both public converters
(sysdiglabs/stackdriver-webhook-bridge, Falco's k8saudit-gke) in each of these: the request's own ID and path, groups of the API without
`core`, subresources, the real code of a failure, the stage. What no LogEntry has stays lost: LOST.
"""

from importlib import resources
from typing import Any

SERVICE = "k8s.io"
"""Of the API servers; the logs of GKE's own API, container.googleapis.com, lie beside them."""
TRUNCATED = "audit.k8s.io/truncated"
LOST = {
    "user.groups": "authenticationInfo names the user alone; uid and extra are lost too",
    "impersonatedUser": "authenticationInfo names the one who is authenticated alone",
    "requestURI's query": "resourceName is a path; an exec's command, a watch's selector and dryRun are lost",
    "sourceIPs beyond the first": "callerIp is one address",
    "requestReceivedTimestamp": "a LogEntry has one time, which becomes that of the stage and of the request",
    "level": "it is told by which bodies are there",
    "code of a success": "status has none, so 201 is taken for a create and 200 for the rest",
    "reason and details of a failure": "without a Status in response, the reason is the one that its code has, and details are lost",
    "code of a failure": "without a Status in response, two codes may have one google.rpc.Code, or 2, UNKNOWN",
    "objectRef's uid and resourceVersion": "resourceName has neither",
}
"""What a receiver cannot get from GKE, and why."""
SORT = f"""
let payload = if this.type() == "object" {{ this.protoPayload }} else {{ throw("no LogEntry") }}
let cluster = this.resource.labels.cluster_name
let region = this.resource.labels.location
meta cluster = if $cluster.type() == "string" {{ $cluster }}
meta region = if $region.type() == "string" {{ $region }}
meta truncated = if this.labels."{TRUNCATED}" == "true" {{ "true" }}
meta skipped = if $payload.type() != "object" {{ "no audit log" }} else if $payload.serviceName != "{SERVICE}" {{ "other service" }}
""".strip()


def decode_gke() -> list[dict[str, Any]]:
    """Processors of one Pub/Sub message; see render.py for what they may count on, and what they leave."""
    event = resources.files("k8s_audit.delivery.pipeline").joinpath("decode_gke.blobl").read_text("utf-8").strip()
    return [
        {"mapping": SORT},
        {"switch": [{"check": "@skipped == null", "processors": [{"mapping": event}]}]},
    ]
