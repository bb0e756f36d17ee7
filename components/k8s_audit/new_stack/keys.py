"""The keys of a model, for a person: what each is about and what stands for it when it is left out. Read from the model itself.

What a key is about is the docstring under its field, which only the source has; so it is read when it is asked for, not at import.
"""

import ast
import inspect
import textwrap
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from k8s_audit.faults import model_in

OWN = ("kind", "name")
"""What says which model it is, and whose: nobody is asked for it as for the others."""


@dataclass(frozen=True)
class Key:
    """One key of a model.

    Args:
        name: as a stack's file spells it.
        required: whether there is no default.
        default: as plain data; None also where the default depends on other things.
        about: one sentence; empty where the model says none.
        of: the keys below it, where it is a mapping of its own.
        text: whether it takes text alone, so that `007` is none.
        field: pydantic's.
    """

    name: str
    required: bool
    default: Any
    about: str
    of: tuple[str, ...]
    text: bool
    field: FieldInfo


def keys_of(model: type[BaseModel]) -> list[Key]:
    """The keys of a model, the required ones first, otherwise in their order."""
    texts = about(model)
    properties = model.model_json_schema().get("properties", {})
    found = []
    for name, field in model.model_fields.items():
        alias = field.alias or name
        inner = model_in(field.annotation)
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        found.append(
            Key(
                name=alias,
                required=field.is_required(),
                default=to_jsonable_python(default, by_alias=True),
                about=texts.get(name, "") or (_sentence(inspect.getdoc(inner) or "") if inner else ""),
                of=tuple(below.alias or key for key, below in inner.model_fields.items()) if inner else (),
                text=_is_text(properties.get(alias, {})),
                field=field,
            )
        )
    return sorted(found, key=lambda key: not key.required)


def _is_text(schema: dict[str, Any]) -> bool:
    types = {each.get("type") for each in schema.get("anyOf", [schema])}
    return "string" in types and types <= {"string", "null"}


@cache
def about(model: type[BaseModel]) -> dict[str, str]:
    """The first sentence under each field, those of the models that it is made from included."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each.__module__.startswith("k8s_audit."):
            (tree,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            assert isinstance(tree, ast.ClassDef)
            for field, below in zip(tree.body, tree.body[1:], strict=False):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[name] = _sentence(text)
    return found


def _sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].rstrip(".").replace("``", "")
