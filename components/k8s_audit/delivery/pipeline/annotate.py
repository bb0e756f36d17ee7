"""An event gets its cluster's name and region, as statements in Bloblang over `$event` and `$text`.

The event's text stays as it is, byte for byte: the annotations are put into it where the API server writes them, at its end. Only where
they are not there, the event is written anew: the same values, numbers digit for digit, with the keys in another order.
"""

import json

from k8s_audit.delivery.pipeline.model import Annotation

CLUSTER, REGION = "k8s-audit/cluster", "k8s-audit/region"
STATEMENTS = r"""
let ours = {{"{cluster_key}": {cluster}, "{region_key}": {region}}}.filter(each -> each.value.or("") != "")
let theirs = $event.annotations
let added = $ours.format_json(no_indent: true, escape_html: false).string().trim_prefix("{{").trim_suffix("}}")
let end = "\"annotations\":" + $theirs.format_json(no_indent: true).string() + "}}"
let annotated = match {{
  $added == "" => $text
  !$event.exists("annotations") => $text.trim_suffix("}}") + ",\"annotations\":{{" + $added + "}}}}"
  $theirs.type() == "object" && $theirs.length() > 0 && !$theirs.keys().any(each -> $ours.keys().contains(each)) && $text.has_suffix($end) => $text.trim_suffix("}}}}") + "," + $added + "}}}}"
  _ => $event.assign({{"annotations": $ours}}).format_json(no_indent: true, escape_html: false).string()
}}
""".strip()


def annotated(annotation: Annotation | None) -> str:
    """Statements that set `$annotated`, a text; None: it is the event as it is."""
    if annotation is None:
        return "let annotated = $text"
    return STATEMENTS.format(
        cluster_key=CLUSTER,
        region_key=REGION,
        cluster=_value(annotation.cluster, "cluster"),
        region=_value(annotation.region, "region"),
    )


def _value(given: str | None, metadata: str) -> str:
    return json.dumps(given) if given else f'@{metadata}.or("")'
