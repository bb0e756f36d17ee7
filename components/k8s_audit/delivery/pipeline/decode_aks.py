"""A message of Azure Monitor becomes one message an event: the text in each record's `properties.log` as it is, and the cluster's name.

Records of other categories are skipped. Azure cuts a long text somewhere in its JSON (https://github.com/Azure/AKS/issues/4635); then the
members that are whole are kept. A member counts as whole only if all before the comma that ends it, and a brace, is valid JSON: so no value
is ever half of one. https://learn.microsoft.com/en-us/azure/aks/monitor-aks-reference#resource-logs
"""

import json

from k8s_audit.delivery.pipeline.event import Decoding

CATEGORIES = ("kube-audit", "kube-audit-admin")
MEMBERS = (
    "kind apiVersion level auditID stage requestURI verb user impersonatedUser authenticationMetadata sourceIPs userAgent objectRef"
    " responseStatus requestObject responseObject requestReceivedTimestamp stageTimestamp annotations"
).split()
"""Of an Event: https://pkg.go.dev/k8s.io/apiserver/pkg/apis/audit/v1#Event."""
TRUNCATED = "audit.k8s.io/truncated"
"""The API server's own annotation of an event that it cut itself."""
NEEDED = ("kind", "auditID", "stage", "verb", "user")
"""Without one of these, nothing says who did what."""

RECORDS = """root = if this.records.type() == "array" { this.records } else { throw("no message of Azure Monitor: it has no records") }"""
RECORD = rf"""
meta cluster = this.resourceId.re_find_all_submatch("(?i)/managedclusters/([^/]+)$").index(0).index(1).catch(deleted())
meta region = if this.location.type() == "string" {{ this.location }}
meta time = if this.time.type() == "string" {{ this.time }}
meta skipped = if !{json.dumps(CATEGORIES)}.contains(this.category) {{ "category" }}
let log = this.properties.log.catch(null)
meta dead_letter = if @skipped == null && $log.type() != "string" {{ "a record without the text properties.log" }}
root = if $log.type() == "string" {{ $log.trim() }}
""".strip()
SALVAGE = rf"""
map members {{
  root = ("[" + this + "}}]").parse_json(use_number: true)
}}
let text = content().string()
let prefixes = {json.dumps(MEMBERS)}.map_each(each -> $text.split(",\"" + each + "\":").slice(0, -1).join(",\"" + each + "\":"))
let whole = $prefixes.sort_by(each -> 0 - each.length()).fold("", each -> if each.tally == "" && each.value.apply("members").length().catch(0) == 1 {{ each.value }} else {{ each.tally }})
let event = $whole.apply("members").index(0).catch({{}})
let lost = {json.dumps(NEEDED)}.filter(each -> $event.get(each) == null)
let stamp = if $event.stageTimestamp == null {{ ",\"stageTimestamp\":" + @time.or("").format_json().string() }} else {{ "" }}
meta truncated = if $lost.length() == 0 {{ "true" }}
meta dead_letter = if $lost.length() > 0 {{ "no JSON, or cut before " + $lost.join(", ") }}
root = if $lost.length() == 0 {{ $whole + $stamp + ",\"annotations\":{{\"{TRUNCATED}\":\"true\"}}}}" }}
""".strip()


def decode_aks() -> Decoding:
    """Of one message of an Event Hub."""
    is_cut = "@skipped == null && @dead_letter == null && this.catch(null) == null"
    return Decoding(
        [
            {"mapping": RECORDS},
            {"unarchive": {"format": "json_array"}},
            {"mapping": RECORD},
            {"switch": [{"check": is_cut, "processors": [{"mapping": SALVAGE}]}]},
        ]
    )
