"""One module a resource, which is loaded when it is first asked for: a stack has few of them, and all of them take a plugin half its start."""

import re
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from k8s_audit.provider.resource import ResourceType

NAME = re.compile(r"([A-Z][a-z0-9]+)+")


def resource(name: str) -> ResourceType[Any] | None:
    """A resource; None: there is none.

    Args:
        name: as its type is called, such as `StaticPodAudit`, which is `StaticPodAuditResource` in `static_pod_audit`.
    """
    module = f"{__name__}.{re.sub('(?<!^)(?=[A-Z])', '_', name).lower()}"
    if not NAME.fullmatch(name) or not find_spec(module):
        return None
    found: Any = getattr(import_module(module), f"{name}Resource")
    made: ResourceType[Any] = found() if isinstance(found, type) else found
    return made
