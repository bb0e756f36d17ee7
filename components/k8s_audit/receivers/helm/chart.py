"""A Helm chart as data."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from k8s_audit.config.receivers.helm import ChartConfig


@dataclass(frozen=True)
class Chart:
    """A chart, read.

    Args:
        name: its own name.
        version: its version.
        path: its folder on this machine.
        values: its values.yaml.
        schema: its values.schema.json; None: it ships none.
        subcharts: by the key of their values: alias, else name.
        reference: what `chart=` of a Release takes.
        repository: what `repository_opts` of a Release takes; None: the reference says all.
        warnings: what a preview says about it.
    """

    name: str
    version: str
    path: Path
    values: dict[str, Any]
    schema: dict[str, Any] | None
    subcharts: dict[str, "Chart"]
    reference: str
    repository: str | None = None
    warnings: tuple[str, ...] = field(default=())


def load_chart(name: str, config: ChartConfig) -> Chart:
    """Find a chart and read it."""
    raise NotImplementedError
