"""A body that OpenShift's collector posts becomes one message an event: each record without what the collector added to the event.

The body is a JSON array of records; a record is an audit event at whose root the collector has put fields of its own:
https://github.com/openshift/cluster-logging-operator/tree/master/internal/generator/vector/filter/openshift/viaq/v1. Its numbers
are as the collector (vector) wrote them. Records of other sources, which a hand-made ClusterLogForwarder may send, are skipped.
"""

import json

from k8s_audit.delivery.pipeline.event import Decoding

ADDED = (
    "@timestamp",
    "file",
    "hostname",
    "k8s_audit_level",
    "log_source",
    "log_type",
    "openshift",
    "path",
    "source_type",
    "tag",
    "timestamp",
)
"""By the operator's releases 5.8 to 6.5; an audit event has none of these names (https://pkg.go.dev/k8s.io/apiserver/pkg/apis/audit/v1#Event)."""
OTHER = ("auditd", "ovn", "openshiftAPI")
RECORDS = """root = if this.type() == "array" { this } else { throw("no JSON array of records") }"""
RECORD = f"""
let source = this.log_source.catch(null)
meta skipped = if {json.dumps(OTHER)}.contains($source) {{ "source" }}
root = if this.type() == "object" {{ this.without({", ".join(f'"{name}"' for name in ADDED)}) }}
""".strip()


def decode_openshift() -> Decoding:
    """Of one POST."""
    return Decoding([{"mapping": RECORDS}, {"unarchive": {"format": "json_array"}}, {"mapping": RECORD}])
