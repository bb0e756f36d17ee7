"""What the control-plane hosts of all platforms share: how one is reached, over SSH or as this machine, and where its API server is."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, model_validator

from k8s_audit.config.model import AbsolutePath, ConfigModel, Duration, Name
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.config.ssh import KNOWN_HOSTS, PRIVATE_KEY, Address, HostKey, SshPort, SshUser, private_key_faults
from k8s_audit.control_plane.host import POD_LOGS
from k8s_audit.control_plane.versions import KubernetesVersion
from k8s_audit.faults import spelled

API_SERVER_PORT = 6443
OWN_IN_CLUSTER = ("name", "api_server")
"""What no two hosts of a cluster share; the rest no two on one machine."""
OF_SSH = frozenset(
    "address user port host_key known_hosts jump sudo connect_timeout reconnect_timeout keep_alive".split()
)
"""What only a host over SSH has."""


def api_server_url(url: str) -> str:
    """An API server's own URL.

    Raises:
        ValueError: it is none.
    """
    if not url.startswith("https://") or "@" in url or "?" in url or url.count("/") > 2 or len(url) < len("https://a"):
        raise ValueError("this API server's own URL is needed: https://address:port, without a path")
    return url


def api_server_url_with_port(url: str) -> str:
    """The same where the port tells which process it is.

    Raises:
        ValueError: it is none, or has no port.
    """
    if not re.search(r":\d{1,5}$", api_server_url(url)):
        raise ValueError("this API server's own URL is needed, with its own port: https://address:port")
    return url


class JumpHost(ConfigModel):
    """An SSH server between; the same key logs in there."""

    address: Address
    """A name or an IP address."""
    user: SshUser
    """Who logs in there."""
    port: SshPort = 22
    """TCP."""
    host_key: HostKey | None = None
    """Its public host key as `TYPE BASE64`."""
    known_hosts: str = KNOWN_HOSTS
    """A file on the machine where the program runs, for a server without `hostKey`."""


class ReachedHost(ConfigModel):
    """How a control-plane host is reached, and where things lie there.

    `access` is `local`: this machine; or `ssh`, which needs `address` and `user`.
    """

    usual_port: ClassVar[int] = API_SERVER_PORT
    access: Literal["local", "ssh"]
    """`local`: this machine; `ssh`: another one."""
    address: Address | None = None
    """A name or an IP address of its SSH server."""
    user: SshUser | None = None
    """Who logs in there."""
    port: SshPort = 22
    """TCP, of its SSH server."""
    host_key: HostKey | None = None
    """Its public host key as `TYPE BASE64`: `ssh-keyscan` prints it after the address."""
    known_hosts: str = KNOWN_HOSTS
    """A file on the machine where the program runs, for hosts without `hostKey`."""
    jump: JumpHost | None = None
    """An SSH server between."""
    sudo: bool | None = None
    """Do all as root by `sudo -n`; default: unless `user` is root."""
    connect_timeout: Duration = "15s"
    """For one connection, log-in included."""
    reconnect_timeout: Duration = "1m"
    """How long a connection that was cut may take to come back."""
    keep_alive: Duration = "15s"
    """How often the other end is asked whether it is still there; after three without an answer it counts as cut."""
    name: Name = "localhost"
    """Over SSH by default the address, with dashes."""
    api_server: Annotated[str, AfterValidator(api_server_url)]
    """Over SSH by default port 6443 of the address."""
    config_folder: AbsolutePath
    """Where the policy and the webhook file go."""
    state_folder: AbsolutePath = "/var/lib/k8s-audit"
    """What the host remembers of before."""
    restart_timeout: Duration = "4m"
    """For one restart; kubeadm's own startup probe allows 4 minutes."""

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("access") != "ssh":
            return given
        address = re.sub(r"[^\w.:-]", "", str(given.get("address", "")), flags=re.ASCII) or "missing"
        host = f"[{address}]" if ":" in address else address
        name = re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-")[:63]
        return {"name": name, "apiServer": f"https://{host}:{cls.usual_port}"} | given

    @model_validator(mode="after")
    def _of_one_access(self) -> Self:
        faults = []
        if self.access == "local":
            fields = {name: type(self).model_fields[name] for name in sorted(OF_SSH & self.model_fields_set)}
            unfit = [field.alias or name for name, field in fields.items() if getattr(self, name) != field.default]
            if unfit:
                faults.append(f"access local is this machine, so {', '.join(unfit)} must go; or set access: ssh")
        else:
            faults += [f"access ssh needs {key}" for key in ("address", "user") if getattr(self, key) is None]
            if self.host_key and self.known_hosts != KNOWN_HOSTS:
                faults.append("hostKey and knownHosts cannot stand side by side")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def machine(self) -> tuple[str, str | None, int]:
        """What no other machine shares."""
        return (self.access, self.address, self.port)

    @property
    def where(self) -> str:
        """How it is reached, as the ids of its resources begin."""
        return "local" if self.access == "local" else f"ssh:{self.user}@{self.address}:{self.port}"

    @property
    def files(self) -> tuple[str, str]:
        """The paths of policy and webhook file there."""
        return f"{self.config_folder}/policy.yaml", f"{self.config_folder}/webhook.yaml"

    def log_files(self) -> str:
        """A glob of the API server's log files there."""
        return POD_LOGS


class HostsPlatform(PlatformConfig):
    """A platform whose control plane is hosts of the user's, changed one after the other."""

    needs_kubeconfig: ClassVar[bool] = True
    hosts: Sequence[ReachedHost]
    """In the order in which they are changed."""
    kubernetes_version: KubernetesVersion | None = None
    """Of the API servers, such as `1.34`, where it is older than what is set up today."""

    def secrets(self) -> frozenset[str]:
        """See PlatformConfig."""
        return frozenset({PRIVATE_KEY} if any(host.access == "ssh" for host in self.hosts) else ())

    def secret_faults(self, known: Mapping[str, str]) -> list[str]:
        """See PlatformConfig."""
        return private_key_faults(known)

    def own_api_servers(self) -> Sequence[str | None]:
        """See PlatformConfig."""
        return [host.api_server for host in self.hosts]


def shared_faults(hosts: Sequence[ReachedHost], keys: Sequence[str]) -> list[str]:
    """What two hosts may not share, one line a fault.

    Args:
        hosts: those of a platform, in order.
        keys: the names of the fields that are each host's own.
    """
    faults = []
    for index, host in enumerate(hosts):
        for key in keys:
            before = hosts[:index]
            rivals = [other for other in before if key in OWN_IN_CLUSTER or other.machine == host.machine]
            first = next((o for o in rivals if getattr(o, key) == getattr(host, key)), None)
            if first:
                alias = type(host).model_fields[key].alias
                number = next(number for number, other in enumerate(before) if other is first)
                faults.append(
                    f"audit:platform.hosts[{index}].{alias}: {spelled(getattr(host, key))} is hosts[{number}]'s too; each"
                    " host has its own"
                )
    return faults
