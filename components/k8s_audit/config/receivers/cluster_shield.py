"""`kind: cluster-shield`: Sysdig's chart `cluster-shield`, alone or under `sysdig-deploy`."""

from typing import Literal, Self

from pydantic import model_validator

from k8s_audit.config.receivers.shield import ShieldReceiver


class ClusterShieldReceiver(ShieldReceiver):
    """Sysdig cluster shield."""

    kind: Literal["cluster-shield"]
    install: Literal["cluster-shield", "sysdig-deploy"] = "cluster-shield"
    """The chart: its own, or the umbrella, which installs agents too unless `values` say otherwise."""

    @model_validator(mode="after")
    def _images_by_tag(self) -> Self:
        if self.workload.digest:
            raise ValueError(
                "workload.digest: the chart cluster-shield names its image by a tag; set image.tag in values"
            )
        return self
