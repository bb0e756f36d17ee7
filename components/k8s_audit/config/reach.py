"""From a control-plane host's settings to the host itself: this machine, or one over SSH; and to the change of its API server."""

import posixpath
from collections.abc import Callable
from threading import Event

from k8s_audit.config.platforms.hosts import JumpHost, ReachedHost
from k8s_audit.config.platforms.kubeadm import StaticPodHost
from k8s_audit.config.platforms.microk8s import Microk8sHost
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.platforms.openshift_3 import MasterHost
from k8s_audit.config.platforms.rancher import RancherPlatform, ServerHost
from k8s_audit.control_plane import audit_config
from k8s_audit.control_plane.change import Change, Place, StaticPodChange
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.control_plane.master_server import MasterPlace, MasterServer
from k8s_audit.control_plane.microk8s_server import Microk8sServer
from k8s_audit.control_plane.rancher_facts import DISTRIBUTIONS, RancherPlace
from k8s_audit.control_plane.rancher_server import RancherServer
from k8s_audit.control_plane.ssh_access import SshAccess, SshServer
from k8s_audit.errors import HostError

PATIENCE, NOT_ENDED = 45, 124
"""Seconds for `master-restart`, which has the container stopped within 30, and then waits another minute for its end, for which we wait ourselves; and the exit
status of timeout(1): https://github.com/openshift/openshift-ansible/blob/release-3.11/roles/openshift_control_plane/files/scripts/docker/master-restart"""


def reach(host: ReachedHost, private_key: str | None) -> Host:
    """The host itself; nothing is connected yet.

    Args:
        host: its settings.
        private_key: for SSH; None or empty: the agent's.
    """
    if host.access == "local":
        return LocalHost(host.name, host.log_files())
    from k8s_audit.control_plane.ssh_host import SshHost  # loads the SSH library

    return SshHost(ssh_access(host, private_key), host.log_files())


def ssh_access(host: ReachedHost, private_key: str | None) -> SshAccess:
    """The way to a host over SSH."""
    return SshAccess(
        name=host.name,
        server=SshServer(host.address or "", host.user or "", host.port, host.host_key, host.known_hosts),
        jump=_jump(host.jump) if host.jump else None,
        sudo=host.user != "root" if host.sudo is None else host.sudo,
        private_key=private_key or None,
        connect_timeout=seconds(host.connect_timeout),
        reconnect_timeout=seconds(host.reconnect_timeout),
        keep_alive=seconds(host.keep_alive),
    )


def place(host: StaticPodHost) -> Place:
    """Where things lie on a host."""
    timeout = seconds(host.restart_timeout)
    return Place(host.manifests, host.api_server, host.config_folder, host.state_folder, timeout)


def static_pod_change(host: StaticPodHost, private_key: str | None, stop: Event) -> Change:
    """The change of a host whose API server is a static pod."""
    return StaticPodChange(reach(host, private_key), place(host), stop)


def change(
    platform: PlatformConfig, host: ReachedHost, private_key: str | None, stop: Event, say: Callable[[str], None]
) -> Change:
    """The change of a host of a stack."""
    if isinstance(platform, RancherPlatform):
        assert isinstance(host, ServerHost)
        return rancher_change(platform.program, platform.drop_in, host, private_key, stop, say)
    if isinstance(host, Microk8sHost):
        return microk8s_change(host, private_key, stop)
    if isinstance(host, MasterHost):
        return master_change(host, private_key, stop)
    assert isinstance(host, StaticPodHost)
    return static_pod_change(host, private_key, stop)


def rancher_change(
    distribution: str,
    drop_in: bool,
    host: ServerHost,
    private_key: str | None,
    stop: Event,
    say: Callable[[str], None],
) -> Change:
    """The change of a server node.

    Args:
        distribution: `rke2` or `k3s`.
        drop_in: write a file of our own; else edit config.yaml.
        host: its settings.
        private_key: for SSH; None or empty: the agent's.
        stop: set to end a wait and go back.
        say: shows a line to the user.
    """
    reached = reach(host, private_key)
    at = RancherPlace(
        DISTRIBUTIONS[distribution], host.api_server, host.service, host.config_file, host.state_folder, drop_in
    )
    folder, timeout = posixpath.dirname(at.file), seconds(host.restart_timeout)
    where = Place(folder, host.api_server, host.config_folder, host.state_folder, timeout)
    return Change(reached, where, RancherServer(reached, at, say), stop)


def microk8s_change(host: Microk8sHost, private_key: str | None, stop: Event) -> Change:
    """The change of a node of MicroK8s."""
    reached, timeout = reach(host, private_key), seconds(host.restart_timeout)
    where = Place(posixpath.dirname(host.args_file), host.api_server, host.config_folder, host.state_folder, timeout)
    return Change(reached, where, Microk8sServer(reached, host.args_file, host.api_server, host.state_folder), stop)


def master_change(host: MasterHost, private_key: str | None, stop: Event) -> Change:
    """The change of a master of OpenShift 3.11."""
    reached, timeout = reach(host, private_key), seconds(host.restart_timeout)
    at = MasterPlace(
        host.master_config,
        host.master_config,
        host.api_server,
        host.state_folder,
        program="openshift",
        words=("start", "master", "api"),
        restart="master-restart api",
    )

    def able() -> None:
        if reached.run("sh", "-c", "command -v master-restart || exit 1").status:
            raise HostError(
                f"host {host.name}: there is no master-restart, by which an API server of OpenShift 3.11 is restarted; nothing was changed"
            )

    def restart() -> None:
        done = reached.run("timeout", str(PATIENCE), "master-restart", "api")
        if done.status and done.status != NOT_ENDED:
            raise HostError(f"host {host.name}: master-restart api: {done.error or done.status}")

    where = Place(
        posixpath.dirname(host.master_config), host.api_server, host.config_folder, host.state_folder, timeout
    )
    return Change(reached, where, MasterServer(reached, at, audit_config, restart, able), stop)


def _jump(jump: JumpHost) -> SshServer:
    return SshServer(jump.address, jump.user, jump.port, jump.host_key, jump.known_hosts)
