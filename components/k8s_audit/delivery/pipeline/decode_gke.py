"""A LogEntry of GKE's audit log becomes an audit event, by `decode_gke.blobl`; other LogEntries are skipped.

Shape and examples: https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging. Better than both public converters
(sysdiglabs/stackdriver-webhook-bridge, Falco's k8saudit-gke) in each of these: the request's own ID and path, groups of the API without
`core`, subresources, the real code of a failure, the stage. What no LogEntry has stays lost: LOST.
"""

from importlib import resources

from k8s_audit.delivery.pipeline.annotate import ours
from k8s_audit.delivery.pipeline.event import Decoding
from k8s_audit.delivery.pipeline.model import Annotation

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
CLUSTER = """
let entry = this
let of_cluster = if $entry.resource.labels.type() == "object" { $entry.resource.labels } else { {} }
let cluster = if $of_cluster.cluster_name.type() == "string" { $of_cluster.cluster_name } else { null }
let region = if $of_cluster.location.type() == "string" { $of_cluster.location } else { null }
meta cluster = if $cluster != null { $cluster }
meta region = if $region != null { $region }
""".strip()


def decode_gke() -> Decoding:
    """Of one Pub/Sub message, which is of one event: read once and written once, so all in the statements."""
    return Decoding([], _event)


def _event(annotation: Annotation | None) -> str:
    mapping = resources.files("k8s_audit.delivery.pipeline").joinpath("decode_gke.blobl").read_text("utf-8").strip()
    return f"{CLUSTER}\nlet ours = {ours(annotation)}\n{mapping}"
