"""An embedded control plane and a recorder on this machine."""

from typing import cast

import pulumi

from k8s_audit.resources import PACKAGE


class LocalControlPlane(pulumi.CustomResource):
    """An embedded control plane of etcd and kube-apiserver on this machine, made by kubeadm without root.

    Args:
        resource_name: the resource's name.
        folder: absolute path; all of its files lie there.
        cluster: the cluster's name.
        etcd_port: TCP, on 127.0.0.1.
        etcd_peer_port: TCP, on 127.0.0.1.
        api_server_port: TCP, on 127.0.0.1.
        timeout: a duration: how long a start may take.
    """

    def __init__(
        self,
        resource_name: str,
        folder: str,
        cluster: str,
        etcd_port: int,
        etcd_peer_port: int,
        api_server_port: int,
        timeout: str = "90s",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props = {
            "folder": folder,
            "cluster": cluster,
            "etcdPort": etcd_port,
            "etcdPeerPort": etcd_peer_port,
            "apiServerPort": api_server_port,
            "timeout": timeout,
        }
        super().__init__(
            f"{PACKAGE}:index:LocalControlPlane",
            resource_name,
            props | dict.fromkeys(["apiServer", "kubeconfig", "manifests", "running"]),
            opts,
        )

    @property
    def api_server(self) -> pulumi.Output[str]:
        """Its URL."""
        return cast(pulumi.Output[str], pulumi.get(self, "apiServer"))

    @property
    def kubeconfig(self) -> pulumi.Output[str]:
        """Path of the administrator's."""
        return cast(pulumi.Output[str], pulumi.get(self, "kubeconfig"))

    @property
    def manifests(self) -> pulumi.Output[str]:
        """The folder of its static pods."""
        return cast(pulumi.Output[str], pulumi.get(self, "manifests"))

    @property
    def running(self) -> pulumi.Output[bool]:
        """Whether its processes run."""
        return cast(pulumi.Output[bool], pulumi.get(self, "running"))


class Recorder(pulumi.CustomResource):
    """A receiver on this machine that writes each event to a file.

    Args:
        resource_name: the resource's name.
        folder: absolute path of the folder of its files.
        receiver: its name among the receivers.
        port: TCP, on 127.0.0.1.
        tls: serve HTTPS with an authority of its own.
        client_certificate_required: require the API server's client certificate.
    """

    def __init__(
        self,
        resource_name: str,
        folder: str,
        receiver: str,
        port: int,
        tls: bool = False,
        client_certificate_required: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props = {
            "folder": folder,
            "receiver": receiver,
            "port": port,
            "tls": tls,
            "clientCertificateRequired": client_certificate_required,
        }
        super().__init__(
            f"{PACKAGE}:index:Recorder",
            resource_name,
            props | dict.fromkeys(["url", "ca", "clientCertificate", "clientKey", "events", "running"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["clientKey"])),
        )

    @property
    def url(self) -> pulumi.Output[str]:
        """Where it takes events."""
        return cast(pulumi.Output[str], pulumi.get(self, "url"))

    @property
    def ca(self) -> pulumi.Output[str]:
        """PEM of its authority; empty without TLS."""
        return cast(pulumi.Output[str], pulumi.get(self, "ca"))

    @property
    def client_certificate(self) -> pulumi.Output[str]:
        """PEM for the API server; empty without one."""
        return cast(pulumi.Output[str], pulumi.get(self, "clientCertificate"))

    @property
    def client_key(self) -> pulumi.Output[str]:
        """PEM of its key; a secret."""
        return cast(pulumi.Output[str], pulumi.get(self, "clientKey"))

    @property
    def events(self) -> pulumi.Output[str]:
        """Path of the file with the events."""
        return cast(pulumi.Output[str], pulumi.get(self, "events"))

    @property
    def running(self) -> pulumi.Output[bool]:
        """Whether its processes run."""
        return cast(pulumi.Output[bool], pulumi.get(self, "running"))
