"""What the plugin serves: our resources, and the components for other languages."""

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from k8s_audit.provider.resource import PACKAGE, ResourceType
from k8s_audit.provider.resources import resource
from k8s_audit.provider.server import Servicer, serve

if TYPE_CHECKING:
    from pulumi.provider.experimental.component import ComponentProvider


def make(engine: str | None) -> Servicer:
    """The servicer for an engine's address."""
    return Servicer(resource, every, component_host, version(PACKAGE), engine)


def every() -> list[ResourceType[Any]]:
    """All resources; no run of a stack asks for them."""
    from k8s_audit.provider.resources.every import RESOURCES

    return RESOURCES


def component_host() -> "ComponentProvider":
    """The SDK's host of our components; a Python program, which constructs its components itself, never needs it."""
    from pulumi.provider.experimental.component import ComponentProvider

    from k8s_audit.provider.components import COMPONENTS

    return ComponentProvider(COMPONENTS, PACKAGE, version=version(PACKAGE))


def main() -> None:
    """Serve until the engine is done."""
    serve(make, sys.argv[1:])
