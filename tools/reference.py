"""`python -m tools.reference`: the pages of docs/reference/, made of the code: keys of a stack's file, commands, components, the package's schema.

A test holds the pages to what this makes; nothing in them is written by hand.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel

from k8s_audit.cli.app import app
from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.forwarder_kinds import FORWARDERS
from k8s_audit.config.policy import PolicyConfig
from k8s_audit.config.registry import PLATFORMS, RECEIVERS, SECRETS
from k8s_audit.config.stack import Cluster
from k8s_audit.faults import model_in
from k8s_audit.new_stack.keys import keys_of
from k8s_audit.provider.plugin import component_host
from k8s_audit.provider.resources.every import RESOURCES
from k8s_audit.provider.schema import merge

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "Made by `python -m tools.reference`; change the code, not this page.\n"
DEPENDS = "…"
"""Stands for a default that depends on other things."""


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


def pages() -> dict[str, str]:
    """Each page by its file's name."""
    return {
        "configuration.md": configuration(),
        "commands.md": commands(),
        "components.md": components(),
        "schema.json": schema(),
    }


def configuration() -> str:
    """Every key of a stack's file."""
    secrets = ", ".join(f"`audit:{key}`" for key in SECRETS)
    parts = [f"# Keys of a stack's file\n\n{MADE}\nSecret keys, each set by `pulumi config set --secret`: {secrets}.\n"]
    parts += _model("audit:cluster", Cluster)
    for key, registry in (("audit:platform", PLATFORMS), ("audit:receivers", RECEIVERS)):
        for kind, model in registry.items():
            parts += _model(f"{key}, kind: {kind}", model) if model else []
    parts += _model("audit:policy", PolicyConfig)
    parts += _model("audit:delivery", DeliveryConfig)
    for kind, forwarder in FORWARDERS.items():
        parts += _model(f"audit:forwarder, kind: {kind}", forwarder)
    return "\n".join(parts)


def commands() -> str:
    """Every command with its options."""
    parts = [f"# Options of the command\n\n{MADE}\nWhat they are for: [commands](../commands.md).\n"]
    for name, command in _leaves(typer.main.get_command(app), "k8s-audit"):
        rows = [
            (f"`{_spelled(each)}`", _cell(getattr(each, "help", "") or ""), _default(each))
            for each in command.params
            if each.name not in ("help", "install_completion", "show_completion")
        ]
        parts.append(f"## {name}\n\n{command.help}\n\n{_table(('option', 'what', 'default'), rows)}")
    return "\n".join(parts)


def components() -> str:
    """Every component with its arguments and outputs, as other languages see them."""
    schema: dict[str, Any] = json.loads(component_host().schema or "{}")
    parts = [
        f"# Components\n\n{MADE}\nTheir tokens are `k8s-audit:index:NAME`; in Python they are `k8s_audit.NAME`, whose arguments are spelled with"
        " underscores.\n"
    ]
    for token, component in sorted(schema["resources"].items()):
        required = set(component.get("requiredInputs", []))
        rows = [
            (f"`{name}`{'' if name in required else ' (optional)'}", _type(each), _cell(each.get("description", "")))
            for name, each in sorted(
                component.get("inputProperties", {}).items(), key=lambda item: item[0] not in required
            )
        ]
        outputs = ", ".join(f"`{name}`" for name in component.get("properties", {})) or "none"
        text = " ".join(component.get("description", "").split())
        table = _table(("argument", "type", "what"), rows)
        parts.append(f"## {token.rpartition(':')[2]}\n\n{text}\n\n{table}\nOutputs: {outputs}.\n")
    return "\n".join(parts)


def schema() -> str:
    """The package's schema, of which Pulumi makes SDKs for other languages: `pulumi package get-schema`."""
    merged = _as_the_engine_tells_it(merge(json.loads(component_host().schema or "{}"), RESOURCES))
    return json.dumps(merged, indent=1, sort_keys=True) + "\n"


def _as_the_engine_tells_it(value: Any, key: str = "") -> Any:
    """Without empty lists, and without what is said of the parts of a list or map."""
    if isinstance(value, list):
        return [_as_the_engine_tells_it(each) for each in value]
    if not isinstance(value, dict):
        return value
    left_out = {"description"} if key in ("items", "additionalProperties") else set()
    empty = {name for name in ("dependencies", "requiredInputs", "required") if value.get(name) == []}
    return {name: _as_the_engine_tells_it(each, name) for name, each in value.items() if name not in left_out | empty}


def _model(title: str, model: type[BaseModel], level: int = 2) -> list[str]:
    """The keys of a model, then those of the models in it."""
    rows, inner = [], []
    for key in keys_of(model):
        below = model_in(key.field.annotation)
        default = "required" if key.required else _code(key.default, bool(below))
        rows.append((f"`{key.name}`", default, _cell(key.about)))
        if below and below is not model:
            inner += _model(f"{title}: {key.name}", below, 3)
    heading = f"{'#' * level} {title}\n"
    return [
        f"{heading}\n{_table(('key', 'default', 'what'), rows)}" if rows else f"{heading}\nNo key but its kind.\n",
        *inner,
    ]


def _code(value: Any, mapping: bool) -> str:
    if mapping and not isinstance(value, list):
        return "see below"
    return DEPENDS if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    below: dict[str, Any] = getattr(command, "commands", {})
    if not below:
        yield name, command
    for word in sorted(below):
        yield from _leaves(below[word], f"{name} {word}")


def _spelled(option: Any) -> str:
    return ", ".join(option.opts) if option.param_type_name == "option" else str(option.name).upper()


def _default(option: Any) -> str:
    if option.required:
        return "required"
    default = option.default
    unsaid = default is None or default is False or default in ("", []) or callable(default)
    return "" if unsaid else f"`{default}`"


def _type(each: dict[str, Any]) -> str:
    if "$ref" in each:
        return str(each["$ref"]).rpartition(":")[2].rpartition("#/")[2].rpartition("/")[2] or "any"
    if each.get("type") == "array":
        return f"list of {_type(each['items'])}"
    if each.get("type") == "object":
        return f"map of {_type(each.get('additionalProperties', {}))}"
    return str(each.get("type", "any")) + (", secret" if each.get("secret") else "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return "None.\n"
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
