"""What masters of OpenShift 3.11 would get, as text: two files, and `auditConfig`; then the API server is restarted. And what the installer's inventory
needs, so that its next run writes the same.

Variables: https://docs.openshift.com/container-platform/3.11/install_config/master_node_configuration.html#master-node-config-audit-config
"""

import json

from k8s_audit.config import places
from k8s_audit.config.platforms.openshift_3 import Openshift3Platform
from k8s_audit.control_plane import audit_config, master_config
from k8s_audit.control_plane.change import sha256
from k8s_audit.rendering.model import CLUSTER, Rendered, Wanted

INVENTORY = "[OSEv3:vars] of the installer's inventory"


def render(wanted: Wanted) -> list[Rendered]:
    """All texts of a stack of kind `openshift-3.11`."""
    platform = wanted.stack.platform
    assert isinstance(platform, Openshift3Platform)
    policy = wanted.policy(places.kubernetes_version(wanted.stack))
    digest = sha256(policy.encode(), wanted.webhook.encode())
    found: list[Rendered] = []
    for host in platform.hosts:
        flags = platform.settable(wanted.flags.arguments(*host.files))
        section = audit_config.turn_on(b"", flags, digest, adopt=False).manifest
        found += [*wanted.files(host, policy), Rendered(host.name, host.master_config, section.decode(), "merge")]
        if host is platform.hosts[0]:
            values = json.dumps(master_config.value_at(section, audit_config.SECTION))
            found.insert(0, Rendered(CLUSTER, INVENTORY, f"openshift_master_audit_config={values}\n", "merge"))
    return found
