"""`kind: local`: the embedded control plane under `.local/<stack>`."""

from typing import Literal

from k8s_audit.config.model import ConfigModel, Duration, Port
from k8s_audit.config.platforms.model import PlatformConfig
from k8s_audit.local_cluster.ports import Ports


class LocalPorts(ConfigModel):
    """The local cluster's TCP ports on 127.0.0.1, fixed, so that a preview knows them."""

    etcd: Port = Ports.etcd
    etcd_peer: Port = Ports.etcd_peer
    api_server: Port = Ports.api_server


class LocalPlatform(PlatformConfig):
    """The embedded control plane."""

    kind: Literal["local"]
    ports: LocalPorts = LocalPorts()
    restart_timeout: Duration = "90s"
    """For one restart of the API server."""
