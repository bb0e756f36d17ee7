"""What an object remembers of us, in an annotation: what we added, what was there before, which of its parts we made."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import RECORD, Document


@dataclass
class Record:
    """What of an object is ours.

    Args:
        added: keys that were not there.
        replaced: those that had another value, and which.
        set: what we gave to both.
        volumes: names of mounts that are ours.
        made: paths of parts that were missing, with dots.
        former: the Secret before this one, should it still be there.
    """

    added: list[str] = field(default_factory=list)
    replaced: dict[str, Any] = field(default_factory=dict)
    set: dict[str, Any] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    former: str = ""

    def owns(self, key: str) -> bool:
        """Whether a key's value is ours."""
        return key in self.added or key in self.replaced

    def claim(self, key: str, values: Mapping[str, Any], value: Any) -> None:
        """Note that a key becomes ours with a value, and what it had before.

        Args:
            key: it.
            values: what is there, before the change.
            value: what it gets.
        """
        if not self.owns(key):
            if key in values:
                self.replaced[key] = values[key]
            else:
                self.added.append(key)
        self.set[key] = value

    def drop(self, key: str) -> Any:
        """Forget a key; return what it had before us, None: nothing."""
        self.set.pop(key, None)
        if key in self.added:
            self.added.remove(key)
        return self.replaced.pop(key, None)


def record_of(document: Document) -> Record:
    """What an object remembers.

    Raises:
        HostError: the annotation is not of this version.
    """
    text = (document["metadata"].get("annotations") or {}).get(RECORD)
    if not text:
        return Record()
    try:
        return Record(**json.loads(text))
    except (ValueError, TypeError):
        raise HostError(
            f"annotation {RECORD} of {document['kind']} {document['metadata']['name']} is not of this version"
        ) from None


def remember(document: Document, record: Record) -> None:
    """Keep it in the object."""
    text = json.dumps(asdict(record), sort_keys=True)
    document["metadata"].setdefault("annotations", {})[RECORD] = text


def forget(document: Document) -> None:
    """Take the annotation out."""
    annotations = document["metadata"].get("annotations") or {}
    annotations.pop(RECORD, None)
    if not annotations:
        document["metadata"].pop("annotations", None)


def part(document: Document, path: str, empty: Any, record: Record) -> Any:
    """A part of an object's `spec` by its path, made where it is missing, and noted as made.

    Args:
        document: the object.
        path: with dots, such as `kubeadmConfigSpec.files`.
        empty: what the last step is where it is missing: `{}` or `[]`.
        record: where it is noted.
    """
    here, walked = document["spec"], ""
    steps = path.split(".")
    for depth, step in enumerate(steps):
        walked = f"{walked}.{step}".lstrip(".")
        if here.get(step) is None:
            here[step] = empty if depth == len(steps) - 1 else {}
            if walked not in record.made:
                record.made.append(walked)
        here = here[step]
    return here


def at(document: Document, path: str) -> Any:
    """A part of an object's `spec`; None where there is none."""
    here: Any = document["spec"]
    for step in path.split("."):
        here = (here or {}).get(step)
    return here


def without_empty(document: Document, made: Collection[str]) -> None:
    """Take out the parts that we made and that are empty again, the deepest first."""
    for path in sorted(made, key=lambda one: one.count("."), reverse=True):
        parent, _, key = path.rpartition(".")
        holder = at(document, parent) if parent else document["spec"]
        if holder and key in holder and not holder[key]:
            del holder[key]
