"""The package's schema: the component host's, with our resources in it.

Format: https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from k8s_audit.faults import model_in
from k8s_audit.new_stack.keys import about
from k8s_audit.provider.resource import PACKAGE, ResourceType

ARGUMENT = re.compile(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
"""Of a docstring's `Args`, with the lines that go on."""
RECORDS = {"type": "array", "items": {"type": "object", "additionalProperties": {"$ref": "pulumi.json#/Any"}}}
LISTS = {"array": RECORDS, "strings": {"type": "array", "items": {"type": "string"}}}


def merge(components: dict[str, Any], resources: list[ResourceType[Any]]) -> dict[str, Any]:
    """Add the resources, with the types of their inputs, to the components' schema."""
    types: dict[str, Any] = dict(components.get("types", {}))
    found: dict[str, Any] = dict(components.get("resources", {}))
    for resource in resources:
        model = resource.inputs.model_json_schema(by_alias=True, ref_template=f"#/types/{PACKAGE}:index:{{model}}")
        inner = {each.__name__: each for each in _models(resource.inputs)}
        for name, definition in model.pop("$defs", {}).items():
            types[f"{PACKAGE}:index:{name}"] = {"type": "object", **_object(definition, _told(inner[name]))}
        inputs = _object(model, _told(resource.inputs) | _arguments(resource.name))
        for key in inputs["properties"].keys() & resource.secrets:
            inputs["properties"][key]["secret"] = True
        computed = {name: LISTS.get(kind, {"type": kind}) for name, kind in resource.outputs.items()}
        found[f"{PACKAGE}:index:{resource.name}"] = {
            "description": (type(resource).__doc__ or "").strip(),
            "inputProperties": inputs["properties"],
            "requiredInputs": inputs["required"],
            "properties": inputs["properties"] | computed,
            "required": sorted([*inputs["required"], *computed]),
        }
    return components | {"types": types, "resources": found, "provider": {"description": "k8s-audit"}, "config": {}}


def _arguments(name: str) -> dict[str, str]:
    """What each argument of a resource is, by its key: the `Args` of its class in `resources/`."""
    import k8s_audit

    text = inspect.cleandoc(getattr(k8s_audit, name).__doc__ or "").partition("Args:\n")[2]
    return {to_camel(key): " ".join(said.split()) for key, said in ARGUMENT.findall(text)}


def _told(model: type[BaseModel]) -> dict[str, str]:
    """What each field of a model is, by its key."""
    return {field.alias or name: about(model).get(name, "") for name, field in model.model_fields.items()}


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models in a model, and in those."""
    for field in model.model_fields.values():
        if inner := model_in(field.annotation):
            yield inner
            yield from _models(inner)


def _object(model: dict[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    properties = {
        key: _type(value) | ({"description": told[key]} if told.get(key) else {})
        for key, value in model.get("properties", {}).items()
    }
    return {"properties": properties, "required": sorted(model.get("required", []))}


def _type(json_schema: dict[str, Any]) -> dict[str, Any]:
    """One property's JSON schema as Pulumi's: a reference, an array, a map or a plain type."""
    if "anyOf" in json_schema:
        return _type(next(option for option in json_schema["anyOf"] if option.get("type") != "null"))
    if "$ref" in json_schema:
        return {"$ref": json_schema["$ref"]}
    kind = json_schema.get("type", "string")
    if kind == "array":
        return {"type": "array", "items": _type(json_schema["items"])}
    if kind == "object":
        return {"type": "object", "additionalProperties": _type(json_schema.get("additionalProperties", {}))}
    return {"type": kind}
