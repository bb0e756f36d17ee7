"""From a control-plane host's settings to the host itself: this machine, or one over SSH."""

from k8s_audit.config.platforms.kubeadm import JumpHost, StaticPodHost
from k8s_audit.control_plane.change import Place
from k8s_audit.control_plane.durations import seconds
from k8s_audit.control_plane.host import Host
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.control_plane.ssh_access import SshAccess, SshServer


def reach(host: StaticPodHost, private_key: str | None) -> Host:
    """The host itself; nothing is connected yet.

    Args:
        host: its settings.
        private_key: for SSH; None or empty: the agent's.
    """
    if host.access == "local":
        return LocalHost(host.name, host.logs)
    from k8s_audit.control_plane.ssh_host import SshHost  # loads the SSH library

    return SshHost(ssh_access(host, private_key), host.logs)


def ssh_access(host: StaticPodHost, private_key: str | None) -> SshAccess:
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


def _jump(jump: JumpHost) -> SshServer:
    return SshServer(jump.address, jump.user, jump.port, jump.host_key, jump.known_hosts)
