"""Property values at the border to the engine, and how two objects differ as the real Kubernetes plugin sees it.

Wire format: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/plugin/rpc.go
Marks and differences: `annotateSecrets`, `pruneMap` and `convertPatchToDiff` in
https://github.com/pulumi/pulumi-kubernetes/tree/master/provider/pkg/provider
"""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.rpc import UNKNOWN

Values = dict[str, Any]
Path = tuple[str | int, ...]
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
MISSING = object()
EMPTY: tuple[Any, ...] = (None, "", [], {})
"""What the API server leaves out of an object."""


def decode(struct: Struct) -> Values:
    """Values with their marks; whole numbers are ints again."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: whole(part) for key, part in value.items()}
        if isinstance(value, list):
            return [whole(part) for part in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    values: Values = whole(MessageToDict(struct))
    return values


def encode(values: Values) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def plain(value: Any) -> Any:
    """The value without marks."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def holds(value: Any, wanted: str) -> bool:
    """Whether a mark or a value is somewhere in a value."""
    if isinstance(value, dict | list):
        return any(holds(part, wanted) for part in (value.values() if isinstance(value, dict) else value))
    return bool(value == wanted)


def holds_unknown(value: Any) -> bool:
    return holds(value, UNKNOWN)


def mark(outputs: Values, inputs: Values) -> Values:
    """Outputs whose values are secret where the inputs of the same name are; of a Secret its data alone, as in the plugin."""
    if outputs.get("kind") == "Secret":
        return {key: _secret(value) if key in ("data", "stringData") else value for key, value in outputs.items()}
    made = dict(outputs)
    for key in outputs.keys() & inputs.keys():
        given, value = inputs[key], outputs[key]
        if isinstance(given, dict) and isinstance(value, dict) and not is_secret(given):
            made[key] = mark(value, given)
        elif holds(given, SECRET):
            made[key] = _secret(value)
    return made


def _secret(value: Any) -> Values:
    return {SIGNATURE: SECRET, "value": value}


def prune(live: Any, shape: Any) -> Any:
    """What of a live object was asked for; a list whole, so that an element added by hand is seen."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(live[key], part) for key, part in shape.items() if key in live}
    if isinstance(live, list) and isinstance(shape, list):
        pairs = zip_longest(live, shape[: len(live)], fillvalue=MISSING)
        return [part if wanted is MISSING else prune(part, wanted) for part, wanted in pairs]
    return live


def differences(live: Any, new: Any, old: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where new inputs differ from what lives, as ADD, UPDATE and DELETE.

    Args:
        live: the object's state.
        new: the new inputs.
        old: the old inputs; what lives and was never asked for is nobody's difference.
        path: where in the object.
    """
    if isinstance(live, dict) and isinstance(new, dict):
        olds = old if isinstance(old, dict) else {}
        for key in [*new, *(key for key in olds if key not in new and key in live)]:
            yield from differences(live.get(key, MISSING), new.get(key, MISSING), olds.get(key), (*path, key))
    elif isinstance(live, list) and isinstance(new, list):
        before = old if isinstance(old, list) else []
        for index, (one, other) in enumerate(zip_longest(live, new, fillvalue=MISSING)):
            yield from differences(one, other, before[index] if index < len(before) else None, (*path, index))
    elif live is MISSING and new not in EMPTY:
        yield path, "ADD"
    elif new is MISSING:
        yield path, "DELETE"
    elif live is not MISSING and live != new:
        yield path, "UPDATE"


def written(path: Path) -> str:
    """A path as the engine writes it: `spec.ports[0].port`, `data["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f'["{part}"]' if set('."[]') & set(part) else f".{part}" if text else part
    return text
