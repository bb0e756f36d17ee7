"""Property values at the border to the engine: plain Python inside, the engine's marks for secrets and unknowns outside.

Wire format: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/plugin/rpc.go
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


def decode(struct: Struct) -> tuple[dict[str, Any], set[str]]:
    """Plain values, and the top-level keys that are secret or hold one."""
    found = PropertyValue.unmarshal_map(struct)
    return {key: _plain(value) for key, value in found.items()}, {k for k, v in found.items() if v.contains_secret()}


def encode(values: Mapping[str, Any], secrets: Collection[str] = ()) -> Struct:
    """Values for the engine; a secret key is marked as a whole, so that nothing within it can lie in plain text."""
    struct = Struct()
    marked = {k: {_SIGNATURE: _SECRET, "value": v} if k in secrets else v for k, v in values.items() if v is not None}
    struct.update(marked)
    return struct


def holds_unknown(value: Any) -> bool:
    """Whether a value is unknown, or has one in it."""
    if isinstance(value, Mapping):
        return any(holds_unknown(part) for part in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return any(holds_unknown(part) for part in value)
    return isinstance(value, str) and value == UNKNOWN


def _plain(value: PropertyValue) -> Any:
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: _plain(part) for key, part in inner.items()}
    if isinstance(inner, Iterable) and not isinstance(inner, str):
        return [_plain(part) for part in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if inner is None or isinstance(inner, bool | float | str):
        return inner
    return UNKNOWN  # computed
