"""What the models of platforms share whose audit configuration is an object of a management cluster."""

import os
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from k8s_audit.config.model import Duration, Name
from k8s_audit.config.platforms.model import PlatformConfig

ObjectName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", max_length=200)
]
"""A DNS subdomain, as Kubernetes names are; the Secret's name has a digest after it."""


class ManagementPlatform(PlatformConfig):
    """A cluster that an object of another cluster describes."""

    needs_kubeconfig: ClassVar[bool] = True
    management_kubeconfig: str = Field(min_length=1)
    """Path of a kubeconfig of the management cluster; `~` is the user's home."""
    namespace: Name
    """Of the object, in the management cluster."""
    name: ObjectName
    """Of the object."""
    adopt: bool = False
    """Take over what is there already with other values; destroy puts it back."""
    rollout_timeout: Duration = "1h"
    """For the management cluster's controller, until each API server has the change."""

    def management_path(self) -> str:
        """The kubeconfig's absolute path."""
        return os.path.abspath(os.path.expanduser(self.management_kubeconfig))
