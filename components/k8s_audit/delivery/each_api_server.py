"""The proof of delivery of several API servers that share an address: a load balancer's, a virtual one, or a name's with several.

A balancer of layer 4 gives a connection to one API server, so what is asked over one connection is asked of one. Which one that is tells the
start of its process, which the cluster knows of each. New connections are made until each wanted API server was reached and its event arrived. A
virtual address, as kube-vip's, is one node's at a time: the others are asked at their nodes' own addresses, where these can be reached from here
and are in the API servers' certificate.
"""

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from k8s_audit.delivery.api_server import START_UP, ApiServer
from k8s_audit.delivery.api_server_pods import Seen, running
from k8s_audit.delivery.check import prove_delivery, prove_from
from k8s_audit.delivery.proof import Proof
from k8s_audit.errors import DeliveryError, ForbiddenError, HostError
from k8s_audit.kubernetes_api import client_settings
from k8s_audit.receivers.endpoint import ReceiverEndpoint

if TYPE_CHECKING:
    from kubernetes import client

REACH = 300.0
"""Seconds in which a load balancer, or a name, gets to know a new API server."""
POLL = 1.0
"""Seconds between two rounds of connections."""
NEAR = 15.0
"""Seconds by which the start of a container and that of its process may differ; the kubelet tells of whole seconds."""

Running = Callable[[], Mapping[str, Seen]]
"""The wanted API servers by their nodes."""


def prove_all(
    urls: Sequence[str | None],
    pods: str,
    kubeconfig: str,
    endpoint: ReceiverEndpoint,
    timeout: float,
    stop: Event,
    say: Callable[[str], None],
) -> list[Proof]:
    """Prove each API server of a cluster.

    Args:
        urls: of single API servers; None: the one that answers at the kubeconfig's.
        pods: the label by which each one behind the kubeconfig's is found instead; empty: the URLs are asked.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics; for pods, list those of kube-system, too.
        endpoint: the receiver.
        timeout: seconds that an event may take.
        stop: ends the wait.
        say: is told of each proof by pods.

    Raises:
        DeliveryError: an event did not arrive, or an API server was not reached.
    """
    if pods:
        each = EachApiServer(kubeconfig, endpoint, timeout, [], stop, say)
        return each.prove(lambda: running(kubeconfig, pods))
    return [prove_delivery(url, kubeconfig, endpoint, timeout, stop) for url in urls]


class EachApiServer:
    """Proves each one once.

    Args:
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        endpoint: the receiver.
        timeout: seconds that an event may take.
        urls: the API servers' own; none: the kubeconfig's, at each of its addresses, and those of the nodes.
        stop: ends the wait.
        say: is told of each proof.
        reach: seconds to wait for a connection to each.
    """

    def __init__(
        self,
        kubeconfig: str,
        endpoint: ReceiverEndpoint,
        timeout: float,
        urls: Sequence[str],
        stop: Event,
        say: Callable[[str], None],
        reach: float = REACH,
    ) -> None:
        """Nothing is asked yet."""
        self.kubeconfig, self.endpoint, self.timeout, self.urls = kubeconfig, endpoint, timeout, urls
        self.stop, self.say, self.reach = stop, say, reach
        self.proved: set[tuple[str, float | None]] = set()
        self.unheard: set[str] = set()

    def prove(self, running: Running) -> list[Proof]:
        """Prove those that run now and were not proved before; the proofs that were made now.

        Raises:
            ForbiddenError: the cluster does not let the kubeconfig's user.
            DeliveryError: an event did not arrive, or an API server was not reached.
        """
        deadline, heard, left = time.monotonic() + self.reach, "", dict[str, Seen]()
        made: list[Proof] = []
        refused: float | None = None
        while True:
            try:
                found = running()
                left = {node: one for node, one in found.items() if (node, one.started) not in self.proved}
                if found and not left:
                    return sorted(made, key=lambda proof: proof.node)
                heard = self._round(left, made) or heard
                refused = None
            except ForbiddenError as error:
                heard, refused = str(error), refused or time.monotonic()
                if time.monotonic() - refused > START_UP:
                    raise
            except HostError as error:
                heard = str(error)
            if self.stop.is_set():
                raise DeliveryError("stopped while the API servers were proved")
            if time.monotonic() > deadline:
                raise DeliveryError(self._unreached(list(left), heard))
            self.stop.wait(POLL)

    def _round(self, left: dict[str, Seen], made: list[Proof]) -> str:
        """A connection to each address that is shared, then to that of each node; what the last one said that gave no answer.

        Those that are proved are taken out of `left`.
        """
        heard = ""
        if not any(one.started for one in left.values()):
            return heard
        settings = client_settings(self.kubeconfig, DeliveryError)
        for shared, name in self._addresses(settings):
            heard = self._try(shared, name, left, made) or heard
        # without the cluster's certificate, who answers at a node's address might be anybody
        own = [one.url for one in left.values() if one.started] if settings.verify_ssl and not self.urls else []
        for url in own:
            if url and url not in self.unheard and self._try(url, None, left, made):
                self.unheard.add(url)
        return heard

    def _try(self, url: str | None, name: str | None, left: dict[str, Seen], made: list[Proof]) -> str:
        """One connection; why it gave no answer."""
        with ApiServer(url, self.kubeconfig, name) as server:
            try:
                node = _nearest(left, server.started())
            except ForbiddenError:
                raise
            except DeliveryError as error:
                return str(error)
            if not node:
                return ""
            proof = prove_from(server, self.endpoint, self.timeout, self.stop)
            if _nearest(left, server.started()) != node:  # the connection broke, and the next was another one's
                return ""
        self.proved.add((node, left.pop(node).started))
        made.append(replace(proof, node=node))
        self.say(f"{node}: event {proof.audit_id} reached {proof.receiver} in {proof.latency_seconds:g} s")
        return ""

    def _addresses(self, settings: "client.Configuration") -> Iterator[tuple[str | None, str | None]]:
        """URLs, each with the name in the certificate where the URL has another one."""
        url = urlsplit(str(settings.host))
        if self.urls or settings.proxy or not url.hostname:
            yield from ((each, None) for each in self.urls or (None,))
            return
        try:
            found = socket.getaddrinfo(url.hostname, url.port or 443, type=socket.SOCK_STREAM)
        except OSError as error:
            raise HostError(f"the name of {settings.host} cannot be resolved: {error}") from None
        for address in sorted({str(info[4][0]) for info in found}):
            place = f"[{address}]" if ":" in address else address
            one = url._replace(netloc=f"{place}:{url.port or 443}").geturl()
            yield one, settings.tls_server_name or (url.hostname if address != url.hostname else None)

    def _unreached(self, nodes: list[str], heard: str) -> str:
        where = ", ".join(self.urls) or "the kubeconfig's server"
        last = f" The last that did not answer: {heard}" if heard else ""
        if not nodes:
            return f"the cluster tells of no API server on the nodes in question within {self.reach:g} s.{last}"
        return (
            f"no connection to {where} reached the API server of {', '.join(nodes)} within {self.reach:g} s, so its delivery is not"
            f" proved.{last}"
        )


def _nearest(left: Mapping[str, Seen], at: float) -> str:
    """The node whose API server started then; empty: none."""
    near = [
        (abs(one.started - at), node) for node, one in left.items() if one.started and abs(one.started - at) <= NEAR
    ]
    return min(near)[1] if near else ""
