"""The key of a stack that logs in at its hosts over SSH, for the components that take one."""

from typing import TYPE_CHECKING

import pulumi

from k8s_audit.config.ssh import PRIVATE_KEY
from k8s_audit.config.stack import PROJECT

if TYPE_CHECKING:
    from k8s_audit.platforms.kubespray.component import KubesprayAuditArgs
    from k8s_audit.platforms.rke.component import RkeAuditArgs
    from k8s_audit.platforms.server_nodes import ServerNodesArgs


def with_key(args: "ServerNodesArgs | RkeAuditArgs | KubesprayAuditArgs") -> None:
    """Put the key among a component's arguments, where the stack has one."""
    key = pulumi.Config(PROJECT).get_secret(PRIVATE_KEY)
    if key is not None:
        args["ssh_private_key"] = key
