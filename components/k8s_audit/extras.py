"""Pulumi's SDKs, which are extras of the wheel: loaded when they are first needed, since they are large."""

from importlib import import_module
from typing import Any

from k8s_audit.errors import ToolError


def sdk_module(package: str, module: str, missing: str) -> Any:
    """A module of an SDK.

    Args:
        package: the SDK's import name, such as `pulumi_aws`.
        module: in it, such as `kinesis`.
        missing: what to say where the extra is not installed: who needs it, and how to get it.

    Raises:
        ToolError: the extra is not installed.
    """
    try:
        return import_module(f"{package}.{module}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith(package):
            raise ToolError(missing) from None
        raise
