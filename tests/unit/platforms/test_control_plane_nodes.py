"""Which nodes of a control plane no host of a stack can be."""

from k8s_audit.config.platforms.rke2 import Rke2Host
from k8s_audit.platforms.control_plane_nodes import ServerNode, Strays, strays


def host(**more: str) -> Rke2Host:
    return Rke2Host.model_validate({"access": "ssh", "user": "ops", **more})


HOSTS = [host(address="10.0.0.11"), host(address="203.0.113.12", name="cp-2")]
ONE, TWO = ServerNode("ip-10-0-0-11", frozenset({"10.0.0.11"})), ServerNode("cp-2", frozenset({"10.0.0.12"}))
JOINED = ServerNode("cp-3", frozenset({"10.0.0.13", "cp-3.example"}))


def test_a_node_beyond_the_hosts_is_named() -> None:
    assert strays(HOSTS, [ONE, TWO, JOINED]) == Strays(1, ("cp-3",))
    both = host(address="10.0.0.11", apiServer="https://cp-3.example:6443")
    assert strays([both], [ONE, JOINED]) == Strays(1, ("ip-10-0-0-11", "cp-3"))
    assert Strays(1, ("cp-3",)).told("talos").endswith("put it among audit:platform.nodes")


def test_a_host_whose_address_no_node_tells_is_no_stray() -> None:
    assert strays(HOSTS, [ONE, ServerNode("other", frozenset({"10.0.0.12"}))]) is None
    assert strays(HOSTS, [ONE]) is None
    unknown = ServerNode("other", frozenset({"10.0.0.12"}))
    assert strays(HOSTS, [ONE, unknown, JOINED]) == Strays(1, ("other", "cp-3"))
