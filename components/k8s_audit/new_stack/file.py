"""The text of a first stack file: what was said, and beside it as comments what else may be said, with its default.

The keys, their defaults and what they are about come from the models that judge the file; nothing is said here a second time.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.forwarder_kinds import BentoForwarder
from k8s_audit.config.policy import PolicyConfig
from k8s_audit.config.registry import PLATFORMS, RECEIVERS
from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.new_stack.keys import Key, keys_of

WIDTH = 130
"""Characters of a line."""
UNSAID = "…"
"""Stands for a default that depends on other things."""
TEXT = "tag:yaml.org,2002:str"
PLAIN = re.compile(r"[A-Za-z~/]|\Z")
PART = re.compile(r"^`\w+`: ")


def render(stack: str, cluster: Mapping[str, Any], platform: Mapping[str, Any], receiver: Mapping[str, Any]) -> str:
    """The text of a stack's file.

    Args:
        stack: its name.
        cluster: `audit:cluster`.
        platform: `audit:platform`, with its kind.
        receiver: the one of `audit:receivers`, with kind and name.
    """
    kinds = PLATFORMS.get(str(platform.get("kind"))), RECEIVERS.get(str(receiver.get("kind")))
    secrets = "".join(
        f"# Its secret: pulumi config set --secret {key} -s {stack}\n" for key in sorted(secrets_of(platform, receiver))
    )
    lines = [
        f"# {cluster['name']}: a cluster of kind {platform.get('kind')}; its events go to {receiver.get('name')}.",
        *secrets.splitlines(),
        "# Each line `# key: value` is a key that may be set too, with what holds until it is.",
        "config:",
        f"  audit:cluster: {_flow(cluster)}",
        "  audit:platform:",
        *_part(platform, kinds[0], "    "),
        "  audit:receivers:",
        *_item(_part(receiver, kinds[1], "      ")),
        *_others(kinds[0]),
    ]
    return "\n".join(lines) + "\n"


def judged(text: str, platform: Mapping[str, Any], receiver: Mapping[str, Any]) -> Stack:
    """The stack of a file's text, as `pulumi up` will judge it once its secrets are set.

    Raises:
        ConfigError: with all faults at once.
    """
    values, secret = read_stack_file(text)
    needed = {f"audit:{key}" for key in secrets_of(platform, receiver)}
    return load_stack(values | dict.fromkeys(needed, ""), secret | needed)


def secrets_of(platform: Mapping[str, Any], receiver: Mapping[str, Any]) -> frozenset[str]:
    """The secret keys that the stack must have; none where a part has faults, which the judge tells."""
    model = RECEIVERS.get(str(receiver.get("kind")))
    try:
        return model.model_validate(dict(receiver)).secrets() if model else frozenset()
    except ValueError:
        return frozenset()


def _part(given: Mapping[str, Any], model: type[BaseModel] | None, indent: str) -> list[str]:
    """The keys that are given, then the others of the model as comments."""
    said = [f"{indent}{key}: {_flow(value)}" for key, value in given.items()]
    return said + [_comment(key, indent) for key in (keys_of(model) if model else []) if key.name not in given]


def _item(lines: list[str]) -> list[str]:
    return [lines[0].replace("      ", "    - ", 1), *lines[1:]]


def _others(platform: type[BaseModel] | None) -> list[str]:
    """The parts that have defaults throughout."""
    fixed, through = getattr(platform, "fixed_policy", False), getattr(platform, "deliveries", ())
    parts: dict[str, type[BaseModel]] = {} if fixed else {"policy": PolicyConfig}
    parts |= {"forwarder": BentoForwarder} if "stream" in through else {"delivery": DeliveryConfig}
    return [
        _clipped(f"  # audit:{part}: {{}}  # {', '.join(key.name for key in keys_of(model))}")
        for part, model in parts.items()
    ]


def _comment(key: Key, indent: str) -> str:
    mapping = bool(key.of) and not isinstance(key.default, list)
    value = "{…}" if mapping else UNSAID if key.default is None else _flow(key.default)
    about = ": ".join(filter(None, (", ".join(key.of), PART.sub("", key.about))))
    return _clipped(f"{indent}# {key.name}: {value}{'  # ' if about else ''}{about}")


def _clipped(line: str) -> str:
    return line if len(line) <= WIDTH else f"{line[:WIDTH].rpartition(' ')[0]} {UNSAID}"


class _Dumper(yaml.SafeDumper):
    """Quotes what any version of YAML may read as a number: `012345678912` is text to PyYAML and a number to Go."""


_Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar(TEXT, text, style=None if PLAIN.match(text) else '"')
)


def _flow(value: Any) -> str:
    """A value on one line, quoted where YAML needs it."""
    options: dict[str, Any] = {"default_flow_style": True, "width": float("inf"), "allow_unicode": True}
    text: str = yaml.dump([value], Dumper=_Dumper, sort_keys=False, **options)
    return text.strip()[1:-1]
