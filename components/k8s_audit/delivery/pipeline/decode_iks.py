"""An EventList that a kube-apiserver's audit webhook posts becomes one message an event, without the bodies that hold credentials.

The items of a list have no `kind` and no `apiVersion`, which each event gets, as in an audit log:
https://pkg.go.dev/k8s.io/apiserver/pkg/apis/audit/v1#EventList. That they may hold the bodies of Secrets is IBM's policy `verbose`:
https://github.com/IBM-Cloud/kube-samples/tree/master/kube-audit
"""

from k8s_audit.delivery.pipeline.event import Decoding
from k8s_audit.delivery.pipeline.strip import strip_bodies

ITEMS = """
let named = {"kind": "Event", "apiVersion": this.apiVersion}
root = if this.kind == "EventList" && this.items.type() == "array" {
  this.items.map_each(each -> if each.type() == "object" { $named.assign(each) } else { each })
} else { throw("no EventList") }
""".strip()


def decode_iks() -> Decoding:
    """Of one POST."""
    return Decoding([{"mapping": ITEMS}, {"unarchive": {"format": "json_array"}}, {"mapping": strip_bodies()}])
