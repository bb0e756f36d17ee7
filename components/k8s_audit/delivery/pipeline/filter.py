"""Which events are dropped on the way, as a condition in Bloblang over `$event`.

Simple on purpose: who, verb, resource, namespace. The mark of a proof of delivery is never dropped.
"""

import json
import re

from k8s_audit.delivery.pipeline.model import Filter

RESOURCE = """($event.objectRef.resource.or("") + (if $event.objectRef.subresource.or("") != "" { "/" + $event.objectRef.subresource } else { "" }))"""
FIELDS = {
    "users": """$event.user.username.or("").string()""",
    "verbs": """$event.verb.or("").string()""",
    "resources": RESOURCE,
    "namespaces": """$event.objectRef.namespace.or("").string()""",
}


def dropped(filters: tuple[Filter, ...]) -> str:
    """A condition that is true of an event that any of the filters matches."""
    return " || ".join(f"({_matches(each)})" for each in filters) or "false"


def _matches(given: Filter) -> str:
    tests = [
        f"{field}.re_match({json.dumps(pattern(globs))})"
        for name, field in FIELDS.items()
        if (globs := getattr(given, name))
    ]
    return " && ".join(tests)


def pattern(globs: tuple[str, ...]) -> str:
    """The regular expression (RE2) of globs; no text at all is never matched."""
    return rf"(?s)^(?:{'|'.join(map(_expression, globs))})$"


def _expression(glob: str) -> str:
    if not glob.strip("*"):
        return ".+"
    return re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".")
