"""The configuration that the engine handed to this program."""

import pulumi.runtime.config


def engine_values() -> tuple[dict[str, str], set[str]]:
    """All keys with their values, and the keys that are secret; what `load_stack` judges."""
    secret: set[str] = pulumi.runtime.config._SECRET_KEYS.get()
    return dict(pulumi.runtime.config.CONFIG.get()), set(secret)
