"""What is wrong with a forwarder's arguments beside its settings: names of variables, files and labels, and a way that is shut."""

import re
from collections.abc import Mapping
from typing import Any

from k8s_audit.config.forwarder import ForwarderConfig
from k8s_audit.delivery.forwarder import objects
from k8s_audit.delivery.forwarder.network import AGENTS
from k8s_audit.faults import shown

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
FILE = re.compile(r"[-_A-Za-z0-9][-._A-Za-z0-9]{0,250}")


def faults_of(config: ForwarderConfig, args: Mapping[str, Any]) -> list[str]:
    """One line a fault; no value of a secret is in it.

    Args:
        config: the judged settings.
        args: the component's, see ForwarderArgs.
    """
    faults = []
    if config.network.enabled and not config.network.receivers:
        faults.append(
            "forwarder.network.receivers: at least one destination is needed, or the NetworkPolicy keeps the forwarder from its"
            " receiver; such as {namespace: falco, ports: [9765]}"
        )
    plain, hidden = args.get("environment", {}), args.get("secret_environment", {})
    faults += [
        f"{kind}: letters, digits and _ make the name of a variable; given: {shown(key)}"
        for kind, given in (("environment", plain), ("secretEnvironment", hidden))
        for key in given
        if not VARIABLE.fullmatch(key)
    ]
    faults += [f"environment and secretEnvironment: both set {key}" for key in sorted(plain.keys() & hidden.keys())]
    faults += [
        f"secretFiles: letters, digits, dots, dashes and _ make the name of a file; given: {shown(key)}"
        for key in args.get("secret_files", {})
        if not FILE.fullmatch(key)
    ]
    if args.get("identity", "web") not in AGENTS:
        faults.append(f"identity: allowed: {', '.join(AGENTS)}; given: {shown(args['identity'])}")
    taken = args.get("pod_labels", {}).keys() & objects.selector("").keys()
    return faults + [f"podLabels: {key} is the forwarder's own" for key in sorted(taken)]
