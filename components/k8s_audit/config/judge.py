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
        return model.model_validate(value)
    except ValidationError as error:
        raise ConfigError(faults_of(error, model, path)) from None
    except RecursionError:
        raise ConfigError([f"{path}: is nested too deep"]) from None
