"""A chart's values, judged before anything changes: merged from ours and the user's, known to the chart, of its types.

A key is known when the chart's values.yaml has it, its values.schema.json names it, or one of its templates reads it: schemas describe
only parts of the values, and not every value has a default. Maps that are free in Kubernetes (labels, resources, …) are free here.
A default is not judged, and neither is what the templates make of the values: `helm template` in the tests does that.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from k8s_audit.errors import ConfigError
from k8s_audit.faults import nearest, spelled
from k8s_audit.receivers.helm.chart import Chart
from k8s_audit.receivers.helm.schema import Path, faults_by_schema, given, names_by_schema

FREE = re.compile(r"(annotations|labels|selector|affinity|resources|securitycontext|probe|strategy|tags|affinities)$")
"""How the names of maps end that Kubernetes or the user gives the keys of; without underscores, in lower case."""
PLAIN = re.compile(
    r"(accesskey|apitoken|apikey|password|passphrase|secretkey|secretaccesskey|privatekey|webhookurl|^token)$"
)
"""How the names of values end that may only lie in a Secret."""
Fault = tuple[Path, str]
"""Where, and what is wrong there."""


def merged(typed: Mapping[str, Any], own: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The values that our typed keys make, and the user's own beside them.

    Args:
        typed: made by us.
        own: the user's `values`.
        path: how messages call the user's, such as `audit:receivers[0].values`.

    Raises:
        ConfigError: both set the same; one line for each.
    """
    faults: list[str] = []
    values = _merge(typed, own, path, faults)
    if faults:
        raise ConfigError(faults)
    return values


def _merge(typed: Mapping[str, Any], own: Mapping[str, Any], path: str, faults: list[str]) -> dict[str, Any]:
    values = dict(typed)
    for key, value in own.items():
        where = f"{path}.{spelled(key)}"
        if key not in typed:
            values[key] = value
        elif isinstance(typed[key], Mapping) and isinstance(value, Mapping):
            values[key] = _merge(typed[key], value, where, faults)
        else:
            faults.append(f"{where}: a typed key of this receiver sets it already; take one of the two out")
    return values


def judge_values(chart: Chart, values: Mapping[str, Any], path: str) -> None:
    """Judge all values of a release.

    Args:
        chart: what they are for.
        values: plain data; what is only known later as a placeholder of the same type.
        path: how messages call them, such as `audit:receivers[0].values`.

    Raises:
        ConfigError: with all faults; none shows a value whose key looks like a credential's.
    """
    faults: dict[Path, str] = {}
    defaults = _defaults(chart)
    for at, fault in _by_keys(chart, defaults, values):
        faults.setdefault(at, fault)
    for at, fault in _by_schemas(chart, _overlaid(defaults, values)):
        faults.setdefault(at, fault)
    if faults:
        raise ConfigError([f"{path}{''.join(map(_step, at))}: {fault}" for at, fault in faults.items()])


def _step(part: str | int) -> str:
    return f"[{part}]" if isinstance(part, int) else f".{spelled(part)}"


def _defaults(chart: Chart) -> dict[str, Any]:
    """A chart's values.yaml over those of its sub-charts, each below its key; `global` is one for all."""
    below: dict[str, Any] = {}
    for key, subchart in chart.subcharts.items():
        its = _defaults(subchart)
        below = _overlaid(below, {key: its, "global": its.get("global") or {}})
    return _overlaid(below, chart.values)


def _overlaid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """As Helm does it: maps are merged, anything else is replaced, and null takes a value out."""
    found = dict(under)
    for key, value in over.items():
        beneath = found.get(key)
        if isinstance(beneath, Mapping) and isinstance(value, Mapping):
            found[key] = _overlaid(beneath, value)
        elif value is None and beneath is not None:
            del found[key]
        else:
            found[key] = value
    return found


def _by_keys(chart: Chart, defaults: Mapping[str, Any], values: Mapping[str, Any], at: Path = ()) -> Iterator[Fault]:
    """Unknown keys, values of another type than the default's, and credentials."""
    named, is_open = _named(chart, at)
    names = named | {str(key) for key in defaults}
    for key, value in values.items():
        here, plain = (*at, key), key.replace("_", "").lower()
        if key not in names and not is_open:
            yield here, f"unknown key; {nearest(key, sorted(names))}"
        if PLAIN.search(plain) and isinstance(value, str) and value:
            yield (
                here,
                "a credential in plain text would lie in the state and in Helm's release record; a Secret is needed",
            )
        default = defaults.get(key)
        if value is None or default is None:
            continue
        if isinstance(default, Mapping) and isinstance(value, Mapping):
            if default and not FREE.search(plain):
                yield from _by_keys(chart, default, value, here)
        # where a schema speaks of the key, it knows better than the default which types fit
        elif key not in _schema_names(chart, at)[0] and (wanted := _wanted(default, value)):
            yield here, f"{wanted} is needed; given: {given(here, value)}"


def _wanted(default: Any, value: Any) -> str | None:
    """What is needed where a value does not fit its default's type; a text may be given as a number."""
    kinds: tuple[tuple[type | tuple[type, ...], tuple[type, ...], str], ...] = (
        (bool, (bool,), "true or false"),
        ((int, float), (int, float), "a number"),
        (str, (str, int, float), "a text"),
        (list, (list,), "a list"),
        (dict, (dict,), "a mapping"),
    )
    for kind, allowed, name in kinds:
        if isinstance(default, kind):
            fits = isinstance(value, allowed) and (allowed == (bool,) or not isinstance(value, bool))
            return None if fits else name
    return None


def _named(chart: Chart, at: Path) -> tuple[set[str], bool]:
    """The keys at a path that a chart knows without a default of it, and whether others are welcome."""
    reads = {read[len(at)] for read in _reads(chart) if read[: len(at)] == at and len(read) > len(at)}
    names, is_open = _schema_names(chart, at)
    everywhere = {"global", *chart.subcharts} if not at else set()
    return reads | names | everywhere, is_open


def _reads(chart: Chart) -> set[tuple[str, ...]]:
    """What the templates and conditions of a chart and its sub-charts read, as paths in its values."""
    found = {tuple(read.split(".")) for read in (*chart.reads, *_conditions(chart))}
    for key, subchart in chart.subcharts.items():
        found |= {read if read[0] == "global" else (key, *read) for read in _reads(subchart)}
    return found


def _conditions(chart: Chart) -> Iterator[str]:
    for subchart in chart.subcharts.values():
        yield from subchart.condition


def _schema_names(chart: Chart, at: Path) -> tuple[set[str], bool]:
    names, is_open = names_by_schema(chart.schema, at) if chart.schema else (set[str](), False)
    for key, subchart in chart.subcharts.items():
        if at and at[0] in (key, "global"):
            more, opens = _schema_names(subchart, at[1:] if at[0] == key else at)
            names, is_open = names | more, is_open or opens
    return names, is_open


def _by_schemas(chart: Chart, values: Mapping[str, Any], at: Path = ()) -> Iterator[Fault]:
    """What the schemas of a chart and of its sub-charts that are switched on say; `global` is its parent's."""
    for path, fault in faults_by_schema(chart.schema, values) if chart.schema else ():
        yield (path if path[:1] == ("global",) else (*at, *path)), fault
    for key, subchart in chart.subcharts.items():
        if _is_on(subchart, values):
            own = values.get(key) or {}
            shared = _overlaid(own.get("global") or {}, values.get("global") or {})
            yield from _by_schemas(subchart, {**own, "global": shared}, (*at, key))


def _is_on(subchart: Chart, values: Mapping[str, Any]) -> bool:
    for condition in subchart.condition:
        found: Any = values
        for step in condition.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        if isinstance(found, bool):
            return found
    return True
