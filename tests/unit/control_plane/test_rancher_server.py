"""What a server of RKE2 or K3s is found to be, from its unit's command line and its processes."""

import pytest

from k8s_audit.control_plane.host import READYZ, Credentials, Output, Process
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.control_plane.rancher_facts import DISTRIBUTIONS, RancherPlace
from k8s_audit.control_plane.rancher_server import RancherServer
from k8s_audit.errors import HostError


class Node(LocalHost):
    """A node by what its system says: its service's command line, its API servers' ports."""

    def __init__(self, command: str, *ports: int) -> None:
        super().__init__("cp-1")
        self.command, self.ports, self.asked = command, ports, Credentials("")

    def run(self, *command: str) -> Output:
        if command[0] == "systemctl":
            return Output(0, f"LoadState=loaded\nExecStart={{ path=/p ; argv[]={self.command} ; ignore_errors=no }}\n")
        return Output(0, "rke2 version v1.34.4+rke2r1" if command[-1] == "--version" else "")

    def readyz(self, url: str, credentials: Credentials, path: str = READYZ) -> int:
        self.asked = credentials
        return 200

    def processes(self, program: str) -> list[Process]:
        return [Process(port, 1.0, (program, f"--secure-port={port}")) for port in self.ports]


def server(kind: str, node: Node) -> RancherServer:
    place = RancherPlace(DISTRIBUTIONS[kind], "https://lb:443", kind, "/none/config.yaml", "/none/state", drop_in=True)
    return RancherServer(node, place, print)


def test_a_port_that_no_api_server_has_is_said_before_anything_changes() -> None:
    with pytest.raises(HostError, match="no kube-apiserver with --secure-port=443; set apiServer to its own port"):
        server("rke2", Node("rke2 server", 6443)).check(b"", "")
    server("rke2", Node("rke2 server", 443)).check(b"", "")


def test_the_command_line_counts_beside_the_files() -> None:
    node = Node("k3s server --data-dir /x")
    server("k3s", node).check(b"data-dir: /y\n", "")
    assert node.asked.ca == "/x/server/tls/server-ca.crt"
    with pytest.raises(HostError, match="disable-apiserver is set"):
        server("k3s", Node("k3s server --disable-apiserver")).check(b"", "")
