"""From the words of a person, as a flag or at a prompt, to the values of a stack's file."""

from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from k8s_audit.errors import ConfigError
from k8s_audit.faults import CREDENTIAL, SECRET, shown
from k8s_audit.new_stack.keys import Key

LOCAL = "local="
HOST = "a host is USER@ADDRESS or USER@ADDRESS:PORT, or for this machine local=https://ADDRESS:6443"
LISTS = {"hosts": f"{HOST}; several with commas between", "nodes": "addresses with commas between"}
"""Keys whose value is a list that can be said in short, and how."""


def value_of(key: Key | None, text: str) -> Any:
    """The value that a text means: text where the key takes nothing else, otherwise what YAML makes of it; not judged.

    Args:
        key: whose it is; None: of an unknown one.
        text: what was said.

    Raises:
        ValueError: it is no YAML, or no host.
    """
    if key and key.text:
        return text
    if key and key.name in LISTS and not text.startswith("["):
        each = [part.strip() for part in text.split(",")]
        return [host_of(part) if key.name == "hosts" else {"address": part} for part in each]
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError(f"no YAML; given: {shown(text)}") from None


def judged_value(key: Key, text: str) -> Any:
    """The value that a text means, as the key's model takes it.

    Raises:
        ValueError: it does not; the message says why.
    """
    value = value_of(key, text)
    annotated: Any = (
        Annotated[key.field.annotation, *key.field.metadata] if key.field.metadata else key.field.annotation
    )
    strict = None if key.of else ConfigDict(strict=True)  # a model brings its own
    try:
        TypeAdapter(annotated, config=strict).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        given = SECRET if first["type"] == CREDENTIAL else shown(text)
        raise ValueError(f"{key.name}{where}: {first['msg'].removeprefix('Value error, ')}; given: {given}") from None
    return value


def host_of(text: str) -> dict[str, Any]:
    """One of `hosts`.

    Raises:
        ValueError: it is none.
    """
    if text.startswith(LOCAL):
        return {"access": "local", "apiServer": text.removeprefix(LOCAL)}
    try:
        parts = urlsplit(f"ssh://{text}")
        port = parts.port
    except ValueError:
        raise ValueError(f"{HOST}; given: {shown(text)}") from None
    if not (parts.username and parts.hostname) or parts.path or parts.password is not None:
        raise ValueError(f"{HOST}; given: {shown(text)}")
    host: dict[str, Any] = {"access": "ssh", "address": parts.hostname, "user": parts.username}
    return host | ({"port": port} if port else {})


def setting(text: str) -> tuple[str, str, str]:
    """Part, key and text of `platform.region=eu-west-1`.

    Raises:
        ConfigError: it is none.
    """
    name, equals, value = text.partition("=")
    part, dot, key = name.partition(".")
    if not (equals and dot and key) or part not in ("platform", "receiver"):
        raise ConfigError([f"--set: platform.KEY=VALUE or receiver.KEY=VALUE is needed; given: {shown(name)}"])
    return part, key, value
