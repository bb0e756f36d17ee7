"""One line for each fault that pydantic finds: the path, what was given, what is allowed, the nearest valid name."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

SHOWN = 80
"""Characters of a value that a message shows."""
SECRET = "[secret]"
CREDENTIAL = "credential"
"""The type of a pydantic error whose input may hold a credential, and is not shown."""


def faults_of(error: ValidationError, model: type[BaseModel], prefix: str = "", secret: bool = False) -> list[str]:
    """Describe all faults.

    Args:
        error: what pydantic raised.
        model: the model that was asked.
        prefix: put before each path, such as `audit:platform.`.
        secret: never show a value that was given.
    """
    return [fault(e, model, prefix, secret) for e in error.errors(include_url=False)]


def fault(error: Mapping[str, Any], model: type[BaseModel], prefix: str = "", secret: bool = False) -> str:
    """Describe one of pydantic's errors."""
    loc = tuple(part for part in error["loc"] if part != "[key]")
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{spelled(part)}" for part in loc)
    where = f"{prefix}{path}".strip(".") if prefix else path.lstrip(".")
    if error["type"] == "extra_forbidden":
        hint = getattr(model, "hints", {}).get(loc[-1]) if len(loc) == 1 else None
        return f"{where}: unknown key; {hint or nearest(str(loc[-1]), names_at(model, loc))}"
    if error["type"] == "missing":
        return f"{where}: missing"
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    hidden = secret or error["type"] == CREDENTIAL
    return f"{where or model.__name__}: {message}; given: {SECRET if hidden else shown(error['input'])}"


def nearest(given: str, allowed: list[str]) -> str:
    """`did you mean X? allowed: …` for a name that is none of the allowed ones."""
    near = difflib.get_close_matches(given, allowed, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{hint}allowed: {', '.join(allowed)}"


def shown(value: object) -> str:
    """A value as a message shows it: on one line, and not too long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of more than 4,300 digits; too deep
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"


def spelled(key: str) -> str:
    """A key or path as a message shows it: as it is written, unless that is too long or does not print on one line."""
    return key if key.isprintable() and len(key) <= SHOWN else shown(key)


def names_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that the model at the end of a path knows."""
    for part in loc[:-1]:
        if isinstance(part, int):
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        inner = model_in(fields[part].annotation) if part in fields else None
        if inner is None:
            return []
        model = inner
    return sorted(field.alias or name for name, field in model.model_fields.items())


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation holds; the first one where it holds several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part))), None)
