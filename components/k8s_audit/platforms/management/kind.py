"""What is special of a kind of object of a management cluster, as pure functions of it, and how its controller's progress is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.kubernetes_api import Document
from k8s_audit.platforms.management.cluster import ManagementCluster, Resource

Edit = Callable[[Document], Document]


@dataclass(frozen=True)
class Progress:
    """How far an object's controller has come.

    Args:
        done: all of it is there and well.
        told: in words; what the conditions say.
        failed: it will not go on by itself.
    """

    done: bool
    told: str
    failed: bool = False


@dataclass(frozen=True)
class Kind:
    """What is special of a kind of object, as pure functions of it.

    Args:
        resource: how its API calls it.
        obstacle: why a change would have no effect; empty: it would have one.
        turn_off: takes out what is ours; an object without anything of ours comes back equal.
        actions: what an edit does, in words.
        secret_of: the Secret of ours that it names; empty: none.
        former_of: the one before, should it be left.
        progress: how far its controller has come.
        copies: namespaces where the controller puts a copy of the Secret and leaves it.
    """

    resource: Resource
    obstacle: Callable[[Document], str]
    turn_off: Edit
    actions: Callable[[Document, Document], list[str]]
    secret_of: Callable[[Document], str]
    former_of: Callable[[Document], str]
    progress: Callable[[ManagementCluster, Document], Progress]
    copies: Callable[[str, str], tuple[str, ...]] = lambda namespace, name: ()


def told_conditions(status: Mapping[str, Any], good_when_false: frozenset[str]) -> list[str]:
    """What is not as it should be, by an object's conditions.

    Args:
        status: the object's.
        good_when_false: types of which `True` is the bad news.
    """
    found = []
    for one in status.get("conditions") or []:
        bad = "True" if one.get("type") in good_when_false else "False"
        if one.get("status") == bad:
            what = ": ".join(str(one[key]) for key in ("reason", "message") if one.get(key))
            found.append(f"{one.get('type')} is {bad}" + (f" ({' '.join(what.split())})" if what else ""))
    return found
