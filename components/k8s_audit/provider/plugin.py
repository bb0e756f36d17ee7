"""What the plugin serves: our resources, and the components for other languages."""

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from k8s_audit.provider.resource import PACKAGE
from k8s_audit.provider.resources import RESOURCES
from k8s_audit.provider.server import Servicer, serve

if TYPE_CHECKING:
    from pulumi.provider.experimental.component import ComponentProvider


def make(engine: str | None) -> Servicer:
    """The servicer for an engine's address."""
    return Servicer(RESOURCES, component_host, version(PACKAGE), engine)


def component_host() -> "ComponentProvider":
    """The SDK's host of our components; a Python program, which constructs its components itself, never needs it."""
    from pulumi.provider.experimental.component import ComponentProvider

    from k8s_audit.provider.components import COMPONENTS

    return ComponentProvider(COMPONENTS, PACKAGE, version=version(PACKAGE))


def main() -> None:
    """Serve until the engine is done."""
    serve(make, sys.argv[1:])
