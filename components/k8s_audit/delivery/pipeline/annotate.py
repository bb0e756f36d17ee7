"""An event gets its cluster's name and region, as statements in Bloblang over `$event`, `$text`, `$cluster` and `$region`.

The event's text stays as it is, byte for byte: the annotations are put into it where the API server writes them, at its end. Only where
they are not there, the event is written anew: the same values, numbers digit for digit, with the keys in another order.
"""

import json

from k8s_audit.delivery.pipeline.model import Annotation

CLUSTER, REGION = "k8s-audit/cluster", "k8s-audit/region"
STATEMENTS = r"""
let added = {added}
let theirs = $event.annotations
let own = if $theirs.type() == "object" {{ "\"annotations\":" + $theirs.format_json(no_indent: true).string() }} else {{ "" }}
let is_open = $own.length() > {empty}{and_not_ours}
let annotated = match {{
  $added == "" => $text
  $theirs == null && !$event.exists("annotations") => $text.trim_suffix("}}") + ",\"annotations\":{{" + $added + "}}}}"
  $is_open && $text.has_suffix($own + "}}") => $text.trim_suffix("}}}}") + "," + $added + "}}}}"
  _ => $event.assign({{"annotations": ("{{" + $added + "}}").parse_json()}}).format_json(no_indent: true, escape_html: false).string()
}}
""".strip()
EMPTY = len('"annotations":{}')


def annotated(annotation: Annotation | None) -> str:
    """Statements that set `$annotated`, a text; None: it is the event as it is."""
    if annotation is None:
        return "let annotated = $text"
    known = (key.replace("~", "~0").replace(".", "~1") for key in (CLUSTER, REGION))
    return STATEMENTS.format(
        added=_added(annotation),
        empty=EMPTY,
        and_not_ours="".join(f' && !$theirs.exists("{key}")' for key in known),
    )


def ours(annotation: Annotation | None) -> str:
    """An expression: what is added, for an event that is not written yet; over `$cluster` and `$region`."""
    if annotation is None:
        return "{}"
    told = {
        CLUSTER: json.dumps(annotation.cluster) if annotation.cluster else 'if $cluster.or("") != "" { $cluster }',
        REGION: json.dumps(annotation.region) if annotation.region else 'if $region.or("") != "" { $region }',
    }
    return "{" + ", ".join(f'"{key}": {value}' for key, value in told.items()) + "}"


def _added(annotation: Annotation) -> str:
    """An expression: the members that are put in, as JSON without the braces around them."""
    members = [_member(CLUSTER, annotation.cluster, "cluster"), _member(REGION, annotation.region, "region")]
    return f'[{", ".join(members)}].filter(each -> each != "").join(",")'


def _member(key: str, value: str | None, variable: str) -> str:
    if value:
        return json.dumps(f'"{key}":{json.dumps(value, ensure_ascii=False)}', ensure_ascii=False)
    told = f'"\\"{key}\\":" + ${variable}.format_json(no_indent: true).string()'
    return f'(if ${variable}.or("") != "" {{ {told} }} else {{ "" }})'
