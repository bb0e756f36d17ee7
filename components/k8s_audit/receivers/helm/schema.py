"""What a chart's values.schema.json says: the keys that it names at a place, and the faults of values, one line each.

Nothing is fetched: a schema that points elsewhere is a fault of the chart.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from k8s_audit.faults import SECRET, nearest, shown

Path = tuple[str | int, ...]
CREDENTIAL = re.compile(r"(token|key|password|passphrase|secret|credentials?|certs?|certificate|url)$", re.IGNORECASE)
"""How the names of values end that a message never shows; a webhook's URL is a credential too."""
NAMES = {"string": "a text", "boolean": "true or false", "integer": "a whole number", "number": "a number"} | {
    "object": "a mapping",
    "array": "a list",
    "null": "null",
}
COMBINED = ("allOf", "anyOf", "oneOf", "if", "then", "else")


def given(path: Path, value: Any) -> str:
    """A value as a message shows it: none that may be, or hold, a credential."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    return SECRET if isinstance(value, str) and CREDENTIAL.search(name) else shown(value)


def names_by_schema(schema: Mapping[str, Any], path: Path) -> tuple[set[str], bool]:
    """The keys that a schema names in the mapping at a path, and whether it says what others must be.

    A mere `additionalProperties: true` counts for nothing: published schemas write it where they leave keys out.
    """
    nodes = list(_parts(schema, schema))
    for step in path:
        below = [node["properties"][step] for node in nodes if step in node.get("properties", {})]
        nodes = [part for node in below for part in _parts(schema, node)]
    names = {name for node in nodes for name in node.get("properties", {})}
    described = (node.get("patternProperties") or node.get("additionalProperties") for node in nodes)
    return names, any(isinstance(others, Mapping) for others in described)


def _parts(schema: Mapping[str, Any], node: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """A node of a schema and all that it refers to or is combined of."""
    if not isinstance(node, Mapping) or depth > 16:
        return
    yield node
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Any = schema
        for step in reference.removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, Mapping) else None
        yield from _parts(schema, found, depth + 1)
    for word in COMBINED:
        combined = node.get(word, [])
        for part in combined if isinstance(combined, list) else [combined]:
            yield from _parts(schema, part, depth + 1)


def faults_by_schema(schema: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """The faults of values: where, and what is wrong there."""
    # published schemas name drafts that do not exist, such as https://json-schema.org/draft-07/schema#
    judge = validator_for(schema, default=Draft7Validator)
    try:
        judge.check_schema(dict(schema))
        errors = list(judge(schema, registry=Registry()).iter_errors(values))
    except (SchemaError, Unresolvable, re.error, RecursionError) as unusable:
        yield (), f"the chart's values.schema.json cannot be used: {str(unusable).splitlines()[0]}"
        return
    for error in errors:
        yield from _faults(error)


def _faults(error: ValidationError) -> Iterator[tuple[Path, str]]:
    at: Path = tuple(error.absolute_path)
    rule, wanted = str(error.validator), cast(Any, error.validator_value)
    shows = given(at, error.instance)
    if rule == "additionalProperties" and wanted is False:
        names = sorted(cast(Mapping[str, Any], error.schema).get("properties", {}))
        for name in sorted(cast(Mapping[str, Any], error.instance).keys() - set(names)):
            yield (*at, name), f"unknown key; {nearest(name, names)}"
    elif rule == "required":
        missing = [name for name in wanted if name not in cast(Mapping[str, Any], error.instance)]
        yield from (((*at, name), "missing") for name in missing)
    elif rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        yield at, f"{' or '.join(NAMES.get(kind, kind) for kind in kinds)} is needed; given: {shows}"
    elif rule in ("enum", "const"):
        allowed = wanted if rule == "enum" else [wanted]
        yield at, f"allowed: {', '.join('null' if one is None else str(one) for one in allowed)}; given: {shows}"
    elif error.context:
        forms = {cast(int, part.schema_path[0]): part for part in reversed(list(error.context))}
        yield at, f"none of {len(forms)} forms fits: {' | '.join(_short(forms[number]) for number in sorted(forms))}"
    else:
        limit = f" {shown(wanted)}" if isinstance(wanted, str | int | float) else ""
        yield at, f"the chart's schema says {rule}{limit}; given: {shows}"


def _short(error: ValidationError) -> str:
    """Why one of several forms does not fit."""
    where = ".".join(str(part) for part in error.relative_path)
    return "; ".join(
        f"{'.'.join(map(str, at[-1:]))}: {fault}" if not where else f"{where}: {fault}" for at, fault in _faults(error)
    )
