"""Judging one value by one model, with all faults in one error."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from k8s_audit.errors import ConfigError
from k8s_audit.faults import faults_of

Model = TypeVar("Model", bound=BaseModel)


def judge(model: type[Model], path: str, value: Any) -> Model:
    """The value as the model's.

    Args:
        model: what it must be.
        path: how messages call it, such as `audit:platform`.
        value: plain data.

    Raises:
        ConfigError: it is none; one line a fault.
    """
    try:
        return model.model_validate(_whole(value))
    except ValidationError as error:
        raise ConfigError(faults_of(error, model, path)) from None
    except RecursionError:
        raise ConfigError([f"{path}: is nested too deep"]) from None


def _whole(value: Any) -> Any:
    """Whole numbers as such: from a program in another language each number arrives as a float."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
