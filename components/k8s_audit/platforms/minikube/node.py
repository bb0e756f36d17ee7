"""The control-plane node of a minikube cluster, as the control-plane host that it is: this machine, or one over SSH with minikube's own key.

Which machine, user and key: https://github.com/kubernetes/minikube/blob/v1.36.0/pkg/drivers/kic/kic.go and the drivers of
https://minikube.sigs.k8s.io/docs/drivers/
"""

from dataclasses import dataclass
from pathlib import Path

from k8s_audit.command_line import CommandLineTool, Run
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.kubeadm import StaticPodHost
from k8s_audit.errors import ConfigError, HostError
from k8s_audit.platforms.minikube.profile import Profile

DOCKER = CommandLineTool(
    "docker",
    ("--version",),
    oldest=(18, 9),
    newest=(29, 99),
    mend="https://docs.docker.com/engine/install/ says how to get it",
)
TIMEOUT = 30.0
"""Seconds."""
USER = "docker"
"""Whom minikube makes on each node, with a sudo that asks nothing."""
OF_MACHINES = ("kvm2", "kvm")
DRIVERS = ("docker", *OF_MACHINES, "ssh", "none")
CERTIFICATES = "/etc/ssl/certs"
"""A folder of the node that kubeadm mounts into each API server:
https://github.com/kubernetes/kubernetes/blob/v1.34.4/cmd/kubeadm/app/phases/controlplane/volumes.go"""
MANIFESTS = "/etc/kubernetes/manifests"
STATE = "/var/lib/minikube/k8s-audit"
"""Below a folder that a virtual machine keeps when it is stopped:
https://github.com/kubernetes/minikube/blob/v1.36.0/deploy/iso/minikube-iso/package/automount/minikube-automount"""


@dataclass(frozen=True)
class Reached:
    """How the node is reached.

    Args:
        host: its settings.
        private_key: logs in; None: it is this machine.
    """

    host: StaticPodHost
    private_key: str | None


def file_paths(name: str) -> tuple[str, str]:
    """The paths of the policy and the webhook file of a profile on its node."""
    return f"{_config_folder(name)}/policy.yaml", f"{_config_folder(name)}/webhook.yaml"


def reach_node(profile: Profile, folder: Path, known_hosts: str, restart_timeout: str) -> Reached:
    """How the node of a profile is reached now: docker gives its SSH server another port at each start.

    Args:
        profile: of the cluster.
        folder: minikube's.
        known_hosts: a file with host keys.
        restart_timeout: a duration.

    Raises:
        HostError, ToolError: it cannot be told.
    """
    given: dict[str, object] = {
        "name": profile.name.lower().replace("_", "-").replace(".", "-"),
        "apiServer": f"https://{profile.address}:{profile.port}",
        "configFolder": _config_folder(profile.name),
        "stateFolder": STATE,
        "manifests": MANIFESTS,
        "restartTimeout": restart_timeout,
    }
    key = folder / "machines" / profile.name / "id_rsa"
    if profile.driver == "none":
        return Reached(_host({"access": "local", **given}), None)
    if profile.driver == "docker":
        way: dict[str, object] = {"address": "127.0.0.1", "user": USER, **_docker(profile.name)}
    elif profile.driver in OF_MACHINES:
        way = {"address": profile.address, "user": USER, "knownHosts": known_hosts}
    elif profile.driver == "ssh":
        address, user, port, path = profile.ssh
        way, key = {"address": address, "user": user, "port": port, "knownHosts": known_hosts}, Path(path).expanduser()
    else:
        raise HostError(
            f"profile {profile.name} of minikube has the driver {profile.driver or '(none named)'}; those that are known: {', '.join(DRIVERS)}"
        )
    try:
        text = key.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HostError(
            f"profile {profile.name} of minikube: its key {key} cannot be read: {getattr(error, 'strerror', 'no text')}"
        ) from None
    return Reached(_host({"access": "ssh", **given, **way}), text)


def _config_folder(name: str) -> str:
    return f"{CERTIFICATES}/k8s-audit/{name}"


def _docker(container: str) -> dict[str, object]:
    """Port and host key of the SSH server in a container, from docker, which needs no trust on first use."""
    DOCKER.version()
    run = Run(DOCKER, TIMEOUT)
    printed = run.output("port", container, "22/tcp")
    ports = [line.rpartition(":")[2].strip() for line in printed.splitlines()]
    if not ports or not ports[0].isdigit():
        raise HostError(
            f"docker publishes no SSH port of container {container}; is it running? minikube start -p {container}"
        )
    key = run.output("exec", container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    return {"port": int(ports[0]), "hostKey": key.strip()}


def _host(given: dict[str, object]) -> StaticPodHost:
    try:
        return judge(StaticPodHost, "", given)
    except ConfigError as error:
        raise HostError(
            f"what minikube and docker tell of the node cannot be used: {'; '.join(error.faults)}"
        ) from None
