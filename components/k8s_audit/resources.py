"""The provider's resources as Pulumi classes, for programs and components. What each does is in `provider/resources/`."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from k8s_audit.platforms.iks.api import API, IAM
from k8s_audit.receivers.endpoint import AUDIT_ID

PACKAGE = "k8s-audit"


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


class _HostAudit(pulumi.CustomResource):
    """What the resources of one control-plane host's API server share: their inputs beside `own`, and their outputs."""

    def __init__(
        self,
        resource_name: str,
        own: Mapping[str, Any],
        host: dict[str, Any],
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        ssh_private_key: pulumi.Input[str] | None,
        remaining: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        props: dict[str, Any] = {
            **own,
            "host": host,
            "policy": policy,
            "webhook": pulumi.Output.secret(webhook),
            "arguments": arguments,
            "sshPrivateKey": None if ssh_private_key is None else pulumi.Output.secret(ssh_private_key),
            "remaining": list(remaining),
        }
        token = f"{PACKAGE}:index:{type(self).__name__}"
        super().__init__(token, resource_name, props | dict.fromkeys(["manifestDigest", "intact"]), opts)

    @property
    def manifest_digest(self) -> pulumi.Output[str]:
        """Of the file that starts the API server, in hex."""
        return cast(pulumi.Output[str], pulumi.get(self, "manifestDigest"))

    @property
    def intact(self) -> pulumi.Output[bool]:
        """Whether all of ours is in it."""
        return cast(pulumi.Output[bool], pulumi.get(self, "intact"))


class StaticPodAudit(_HostAudit):
    """Audit logging at one control-plane host whose API server is a static pod.

    Args:
        resource_name: the resource's name.
        host: as an entry of `audit:platform.hosts`, without `adopt`.
        policy: YAML of the audit policy.
        webhook: YAML of the webhook kubeconfig; always a secret.
        arguments: audit flags by name, without dashes.
        adopt: take over audit flags that are there already with other values.
        ssh_private_key: logs in at a host over SSH; always a secret; default: the SSH agent's keys.
        remaining: names of the hosts whose turn comes after this one; for messages alone.
    """

    def __init__(
        self,
        resource_name: str,
        host: dict[str, Any],
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        adopt: bool = False,
        ssh_private_key: pulumi.Input[str] | None = None,
        remaining: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        own = {"adopt": adopt}
        super().__init__(resource_name, own, host, policy, webhook, arguments, ssh_private_key, remaining, opts)


class RancherServerAudit(_HostAudit):
    """Audit logging at one server node of RKE2 or K3s.

    Args:
        resource_name: the resource's name.
        distribution: `rke2` or `k3s`.
        host: as an entry of `audit:platform.hosts`.
        policy: YAML of the audit policy.
        webhook: YAML of the webhook kubeconfig; always a secret.
        arguments: audit flags by name, without dashes.
        drop_in: write a file of our own into config.yaml.d; else edit config.yaml.
        ssh_private_key: logs in at a host over SSH; always a secret; default: the SSH agent's keys.
        remaining: names of the hosts whose turn comes after this one; for messages alone.
    """

    def __init__(
        self,
        resource_name: str,
        distribution: str,
        host: dict[str, Any],
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        drop_in: bool = True,
        ssh_private_key: pulumi.Input[str] | None = None,
        remaining: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        own = {"distribution": distribution, "dropIn": drop_in}
        super().__init__(resource_name, own, host, policy, webhook, arguments, ssh_private_key, remaining, opts)


class Microk8sServerAudit(_HostAudit):
    """Audit logging at one node of MicroK8s.

    Args:
        resource_name: the resource's name.
        host: as an entry of `audit:platform.hosts`.
        policy: YAML of the audit policy.
        webhook: YAML of the webhook kubeconfig; always a secret.
        arguments: audit flags by name, without dashes.
        ssh_private_key: logs in at a host over SSH; always a secret; default: the SSH agent's keys.
        remaining: names of the hosts whose turn comes after this one; for messages alone.
    """

    def __init__(
        self,
        resource_name: str,
        host: dict[str, Any],
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        ssh_private_key: pulumi.Input[str] | None = None,
        remaining: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        super().__init__(resource_name, {}, host, policy, webhook, arguments, ssh_private_key, remaining, opts)


class DeliveryCheck(pulumi.CustomResource):
    """The proof that events of each API server reach the receiver; `up` fails with a diagnosis if they don't.

    Args:
        resource_name: the resource's name.
        api_servers: each API server's own URL; none for the proof `forwarded`, which asks the kubeconfig's.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        receiver: name, url, proof, and what reaching it takes; see ReceiverArgs.
        timeout: a duration: how long an event may take.
        triggers: the proof is made again when one of them changes.
        forwarder: for the proof `forwarded`: the namespace of its pods, a slash, its name.
        remaining: names of the hosts whose turn comes after this proof; for messages alone.
    """

    def __init__(
        self,
        resource_name: str,
        api_servers: list[str],
        kubeconfig: pulumi.Input[str],
        receiver: Mapping[str, Any],
        timeout: str = "30s",
        triggers: list[pulumi.Input[str]] | None = None,
        forwarder: pulumi.Input[str] | None = None,
        remaining: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "apiServers": api_servers,
            "kubeconfig": kubeconfig,
            "receiver": receiver["name"],
            "url": receiver["url"],
            "ca": receiver.get("ca", ""),
            "clientCertificate": receiver.get("client_certificate", ""),
            "clientKey": pulumi.Output.secret(receiver.get("client_key", "")),
            "token": pulumi.Output.secret(receiver.get("token", "")),
            "username": receiver.get("username", ""),
            "password": pulumi.Output.secret(receiver.get("password", "")),
            "tlsServerName": receiver.get("tls_server_name", ""),
            "proof": receiver.get("proof", AUDIT_ID),
            "forwarder": forwarder,
            "timeout": timeout,
            "triggers": triggers or [],
            "remaining": list(remaining),
        }
        super().__init__(f"{PACKAGE}:index:DeliveryCheck", resource_name, props | dict.fromkeys(["checks"]), opts)

    @property
    def checks(self) -> pulumi.Output[list[dict[str, Any]]]:
        """One proof an API server: apiServer, receiver, proof, auditID, latencySeconds."""
        return cast(pulumi.Output[list[dict[str, Any]]], pulumi.get(self, "checks"))


class KubeadmConfigAudit(pulumi.CustomResource):
    """Audit logging in kubeadm's own configuration, so that `kubeadm upgrade` keeps it.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one that may get and patch ConfigMap kubeadm-config and list pods, both in kube-system.
        arguments: audit flags by name, without dashes.
        adopt: take over audit flags that are there already with other values.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: pulumi.Input[str],
        arguments: dict[str, str],
        adopt: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {"kubeconfig": kubeconfig, "arguments": arguments, "adopt": adopt}
        super().__init__(
            f"{PACKAGE}:index:KubeadmConfigAudit",
            resource_name,
            props | dict.fromkeys(["intact", "present", "record", "unaudited"]),
            opts,
        )

    @property
    def unaudited(self) -> pulumi.Output[list[str]]:
        """Nodes whose API server has no audit policy."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "unaudited"))


class KopsSpecAudit(pulumi.CustomResource):
    """Audit logging in a kops cluster's spec, and on each of its nodes that runs an API server.

    Args:
        resource_name: the resource's name.
        cluster: its name, as kops knows it.
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text; a secret.
        arguments: audit flags by name, without dashes; those that a spec has a field for.
        kubeconfig: path of one whose context has the cluster's name; kops validates new nodes with it.
        state_store: where kops keeps the spec; empty: what kops itself finds.
        adopt: take over audit fields that are there already with other values.
        apply: `rolling-update` of the groups that run an API server, or `reconcile`.
        update_timeout: a duration, for `kops update cluster`.
        roll_timeout: a duration, for one instance group.
    """

    def __init__(
        self,
        resource_name: str,
        cluster: str,
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        kubeconfig: pulumi.Input[str] = "",
        state_store: str = "",
        adopt: bool = False,
        apply: str = "rolling-update",
        update_timeout: str = "15m",
        roll_timeout: str = "1h",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "cluster": cluster,
            "policy": policy,
            "webhook": webhook,
            "arguments": arguments,
            "kubeconfig": kubeconfig,
            "stateStore": state_store,
            "adopt": adopt,
            "apply": apply,
            "updateTimeout": update_timeout,
            "rollTimeout": roll_timeout,
        }
        super().__init__(
            f"{PACKAGE}:index:KopsSpecAudit",
            resource_name,
            props | dict.fromkeys(["groups", "pending", "intact", "digest"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["webhook"])),
        )

    @property
    def groups(self) -> pulumi.Output[list[str]]:
        """The instance groups that run an API server."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "groups"))

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of policy, webhook and flags."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))


class CreatedAudit(pulumi.CustomResource):
    """Whether the API servers of a kind or k3d cluster were created with audit logging; fails unless they were, and changes nothing.

    Args:
        resource_name: the resource's name.
        kind: `kind` or `k3d`.
        kubeconfig: path of one that may list pods in kube-system (k3d: nodes).
        policy: the audit policy's text.
        arguments: audit flags by name, without dashes, that each API server shall have; the names of its files tell policy and webhook.
        commands: what creates such a cluster, for the message.
    """

    def __init__(
        self,
        resource_name: str,
        kind: str,
        kubeconfig: pulumi.Input[str],
        policy: pulumi.Input[str],
        arguments: pulumi.Input[dict[str, str]],
        commands: list[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "kind": kind,
            "kubeconfig": kubeconfig,
            "policy": policy,
            "arguments": arguments,
            "commands": commands,
        }
        super().__init__(
            f"{PACKAGE}:index:CreatedAudit",
            resource_name,
            props | dict.fromkeys(["apiServers", "digest", "intact"]),
            opts,
        )

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of the flags."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))


class KubeadmControlPlaneAudit(pulumi.CustomResource):
    """Audit logging in a KubeadmControlPlane of Cluster API, whose machines are all replaced.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one of the management cluster that may get and update the object, and keep Secrets beside it.
        namespace: the object's.
        control_plane: the object's name.
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text; a secret.
        arguments: audit flags by name, without dashes.
        adopt: take over audit flags that are there already with other values.
        rollout_timeout: a duration, for all machines.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: str,
        namespace: str,
        control_plane: str,
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        adopt: bool = False,
        rollout_timeout: str = "1h",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "kubeconfig": kubeconfig,
            "namespace": namespace,
            "controlPlane": control_plane,
            "policy": policy,
            "webhook": webhook,
            "arguments": arguments,
            "adopt": adopt,
            "rolloutTimeout": rollout_timeout,
        }
        super().__init__(
            f"{PACKAGE}:index:KubeadmControlPlaneAudit",
            resource_name,
            props | dict.fromkeys(["machines", "pending", "intact", "digest"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["webhook"])),
        )

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of policy, webhook and flags."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))


class HostedClusterAudit(pulumi.CustomResource):
    """The audit webhook of a HostedCluster of HyperShift, whose API servers are restarted.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one of the management cluster that may get and update the object, keep Secrets beside it, get the
            Deployments of its control plane, and delete Secrets there.
        namespace: the object's.
        cluster: the object's name.
        webhook: the webhook kubeconfig's text; a secret.
        profile: what the API servers record; empty: what is there.
        adopt: take over another webhook or profile that is there already.
        rollout_timeout: a duration, for all API servers.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: str,
        namespace: str,
        cluster: str,
        webhook: pulumi.Input[str],
        profile: str = "",
        adopt: bool = False,
        rollout_timeout: str = "1h",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "kubeconfig": kubeconfig,
            "namespace": namespace,
            "cluster": cluster,
            "webhook": webhook,
            "profile": profile,
            "adopt": adopt,
            "rolloutTimeout": rollout_timeout,
        }
        super().__init__(
            f"{PACKAGE}:index:HostedClusterAudit",
            resource_name,
            props | dict.fromkeys(["pending", "intact", "digest"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["webhook"])),
        )

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of webhook and profile."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))


class RkeClusterAudit(pulumi.CustomResource):
    """Audit logging in RKE's cluster.yml, and the webhook file on each control-plane node.

    Args:
        resource_name: the resource's name.
        cluster_file: absolute path of the cluster.yml.
        hosts: the control-plane nodes and how they are reached.
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text; a secret.
        arguments: audit flags by name, without dashes.
        adopt: take over what is there already with other values.
        ssh_private_key: logs in at the hosts; a secret; None: the agent's.
        ssh_agent_auth: let rke itself log in by the SSH agent.
        timeout: a duration, for `rke up`.
    """

    def __init__(
        self,
        resource_name: str,
        cluster_file: str,
        hosts: list[dict[str, Any]],
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        adopt: bool = False,
        ssh_private_key: pulumi.Input[str] | None = None,
        ssh_agent_auth: bool = False,
        timeout: str = "30m",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "clusterFile": cluster_file,
            "hosts": hosts,
            "policy": policy,
            "webhook": webhook,
            "arguments": arguments,
            "adopt": adopt,
            "sshAgentAuth": ssh_agent_auth,
            "timeout": timeout,
        }
        if ssh_private_key is not None:
            props["sshPrivateKey"] = pulumi.Output.secret(ssh_private_key)
        secret = ["webhook", "sshPrivateKey", "record"]
        super().__init__(
            f"{PACKAGE}:index:RkeClusterAudit",
            resource_name,
            props | dict.fromkeys(["digest", "intact", "record", "unaudited"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=secret)),
        )

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of policy, webhook and flags."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))

    @property
    def unaudited(self) -> pulumi.Output[list[str]]:
        """Control-plane nodes of the cluster.yml that are none of the hosts."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "unaudited"))


class AdmissionCheck(pulumi.CustomResource):
    """The proof that each API server calls the admission webhooks of a receiver; `up` fails with a diagnosis if not.

    Args:
        resource_name: the resource's name.
        api_servers: each API server's own URL.
        kubeconfig: path of one that may create ConfigMaps in `default` and read /metrics.
        receiver: the receiver's name.
        webhooks: names of its webhooks in the ValidatingWebhookConfiguration.
        timeout: a duration: how long the first call may take.
        triggers: the proof is made again when one of them changes.
    """

    def __init__(
        self,
        resource_name: str,
        api_servers: Sequence[pulumi.Input[str]],
        kubeconfig: pulumi.Input[str],
        receiver: str,
        webhooks: list[str],
        timeout: str = "30s",
        triggers: list[pulumi.Input[str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "apiServers": list(api_servers),
            "kubeconfig": kubeconfig,
            "receiver": receiver,
            "webhooks": webhooks,
            "timeout": timeout,
            "triggers": triggers or [],
        }
        super().__init__(f"{PACKAGE}:index:AdmissionCheck", resource_name, props | dict.fromkeys(["checks"]), opts)

    @property
    def checks(self) -> pulumi.Output[list[dict[str, Any]]]:
        """One proof an API server and webhook: apiServer, receiver, proof, auditID, latencySeconds."""
        return cast(pulumi.Output[list[dict[str, Any]]], pulumi.get(self, "checks"))


class ReceiverPods(pulumi.CustomResource):
    """The check that a Service reaches pods of a receiver that is in the cluster already; `up` fails if there are none.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one that may list the pods of the namespace.
        namespace: the receiver's.
        selector: labels of its pods.
        port: TCP; where the pods declare ports, it must be one of them.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: str,
        namespace: str,
        selector: dict[str, str],
        port: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props = {"kubeconfig": kubeconfig, "namespace": namespace, "selector": selector, "port": port}
        super().__init__(f"{PACKAGE}:index:ReceiverPods", resource_name, props | dict.fromkeys(["pods"]), opts)

    @property
    def pods(self) -> pulumi.Output[int]:
        """How many there are."""
        return cast(pulumi.Output[int], pulumi.get(self, "pods"))


class MetricsApi(pulumi.CustomResource):
    """The check that the cluster serves the metrics API, which a HorizontalPodAutoscaler needs; `up` fails if not.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one.
    """

    def __init__(self, resource_name: str, kubeconfig: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it."""
        props: dict[str, Any] = {"kubeconfig": kubeconfig}
        super().__init__(f"{PACKAGE}:index:MetricsApi", resource_name, props | dict.fromkeys(["served"]), opts)

    @property
    def served(self) -> pulumi.Output[bool]:
        """Whether it is."""
        return cast(pulumi.Output[bool], pulumi.get(self, "served"))


class OpenshiftAuditProfile(pulumi.CustomResource):
    """What OpenShift's API servers record; `up` waits until each of them runs with it, `destroy` puts back what was there.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one that may get and patch APIServer `cluster`, get ClusterOperators and KubeAPIServers, and get ConfigMaps in
            openshift-kube-apiserver.
        profile: `Default`, `WriteRequestBodies`, `AllRequestBodies` or `None`.
        custom_rules: each with `group` and `profile`; the first that fits a request's user is applied.
        timeout: how long all API servers may take.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: str,
        profile: str,
        custom_rules: Sequence[Mapping[str, str]] = (),
        timeout: str = "1h",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "kubeconfig": kubeconfig,
            "profile": profile,
            "customRules": [dict(rule) for rule in custom_rules],
            "timeout": timeout,
        }
        super().__init__(
            f"{PACKAGE}:index:OpenshiftAuditProfile",
            resource_name,
            props | dict.fromkeys(["record", "pending"]),
            opts,
        )

    @property
    def profile(self) -> pulumi.Output[str]:
        """It."""
        return cast(pulumi.Output[str], pulumi.get(self, "profile"))


class ReceiverCertificate(pulumi.CustomResource):
    """A certificate for a receiver's Service, by an authority that signs nothing else; renewed a year before its end.

    Args:
        resource_name: the resource's name.
        names: DNS names and addresses of the Service, the one that API servers ask for first.
    """

    def __init__(self, resource_name: str, names: list[str], opts: pulumi.ResourceOptions | None = None) -> None:
        """Register it."""
        props: dict[str, Any] = {"names": names}
        super().__init__(
            f"{PACKAGE}:index:ReceiverCertificate",
            resource_name,
            props | dict.fromkeys(["ca", "certificate", "key", "notAfter"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["key"])),
        )

    @property
    def ca(self) -> pulumi.Output[str]:
        """PEM of the authority."""
        return cast(pulumi.Output[str], pulumi.get(self, "ca"))

    @property
    def certificate(self) -> pulumi.Output[str]:
        """PEM."""
        return cast(pulumi.Output[str], pulumi.get(self, "certificate"))

    @property
    def key(self) -> pulumi.Output[str]:
        """PEM; a secret."""
        return cast(pulumi.Output[str], pulumi.get(self, "key"))

    @property
    def not_after(self) -> pulumi.Output[str]:
        """When it ends (ISO 8601)."""
        return cast(pulumi.Output[str], pulumi.get(self, "notAfter"))


class EksClusterLogging(pulumi.CustomResource):
    """Log types of an EKS cluster, switched on though the stack need not own it; destroy undoes only what it did.

    Args:
        resource_name: the resource's name.
        cluster: its name.
        region: of AWS.
        types: such as `["audit"]`.
        timeout: a duration: how long a switch may take, another change of the cluster waited for included.
        profile: a profile of the AWS files on this machine; default: the surroundings' credentials.
        role_arn: a role to take first; default: none.
        external_id: what that role's trust policy asks for.
    """

    def __init__(
        self,
        resource_name: str,
        cluster: pulumi.Input[str],
        region: str,
        types: list[str],
        timeout: str = "20m",
        profile: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "cluster": cluster,
            "region": region,
            "types": types,
            "timeout": timeout,
            "profile": profile,
            "roleArn": role_arn,
            "externalId": external_id,
        }
        computed = dict.fromkeys(["missing", "switchedOn"])
        super().__init__(f"{PACKAGE}:index:EksClusterLogging", resource_name, props | computed, opts)

    @property
    def switched_on(self) -> pulumi.Output[list[str]]:
        """The types that were off before."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "switchedOn"))


class EksLogGroup(pulumi.CustomResource):
    """The log group of a cluster's logs: made, or taken over where it is there; destroy leaves it.

    Args:
        resource_name: the resource's name.
        group: the log group's name.
        filter: name of the subscription filter that is to be put on it; two filters of others are refused; empty: none is.
        region: of AWS.
        retention_days: as CloudWatch Logs allows them; 0: for ever.
        kms_key: ARN; default: what it has.
        tags: are added.
        profile: a profile of the AWS files on this machine; default: the surroundings' credentials.
        role_arn: a role to take first; default: none.
        external_id: what that role's trust policy asks for.
    """

    def __init__(
        self,
        resource_name: str,
        group: pulumi.Input[str],
        filter: str,
        region: str,
        retention_days: int,
        kms_key: str | None = None,
        tags: Mapping[str, str] | None = None,
        profile: str | None = None,
        role_arn: str | None = None,
        external_id: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "group": group,
            "filter": filter,
            "region": region,
            "retentionDays": retention_days,
            "kmsKey": kms_key,
            "tags": dict(tags or {}),
            "profile": profile,
            "roleArn": role_arn,
            "externalId": external_id,
        }
        computed = dict.fromkeys(["arn", "adopted", "retentionBefore"])
        super().__init__(f"{PACKAGE}:index:EksLogGroup", resource_name, props | computed, opts)

    @property
    def group(self) -> pulumi.Output[str]:
        """Its name."""
        return cast(pulumi.Output[str], pulumi.get(self, "group"))

    @property
    def arn(self) -> pulumi.Output[str]:
        """Its ARN."""
        return cast(pulumi.Output[str], pulumi.get(self, "arn"))

    @property
    def adopted(self) -> pulumi.Output[bool]:
        """Whether it was there before."""
        return cast(pulumi.Output[bool], pulumi.get(self, "adopted"))


class GkeDataAccess(pulumi.CustomResource):
    """Data access logs of GKE in a project, switched on though the stack need not own the project; destroy undoes only what it did.

    Args:
        resource_name: the resource's name.
        project: its ID.
        types: such as `["DATA_READ"]`.
        sink: name of the sink that sends the events on; while other sinks of ours are in the project, destroy leaves the logs on.
        exempted_members: whose requests are not logged, in the types that are switched on.
        timeout: a duration: how long others' changes at the same time are waited for.
        credentials: path of a file of credentials; default: the surroundings'.
        impersonate_service_account: e-mail of a service account that does it; default: none.
    """

    def __init__(
        self,
        resource_name: str,
        project: str,
        types: list[str],
        sink: pulumi.Input[str],
        exempted_members: list[str] | None = None,
        timeout: str = "2m",
        credentials: str | None = None,
        impersonate_service_account: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "project": project,
            "types": types,
            "sink": sink,
            "exemptedMembers": exempted_members or [],
            "timeout": timeout,
            "credentials": credentials,
            "impersonateServiceAccount": impersonate_service_account,
        }
        computed = dict.fromkeys(["missing", "switchedOn"])
        super().__init__(f"{PACKAGE}:index:GkeDataAccess", resource_name, props | computed, opts)

    @property
    def switched_on(self) -> pulumi.Output[list[str]]:
        """The types that were off before."""
        return cast(pulumi.Output[list[str]], pulumi.get(self, "switchedOn"))


class IksAuditWebhook(pulumi.CustomResource):
    """The audit webhook of a cluster of IBM Cloud Kubernetes Service, brought to its API servers by a refresh of the master.

    Args:
        resource_name: the resource's name.
        cluster: its ID or name.
        webhook: a webhook kubeconfig that says where events go; a secret.
        kubeconfig: path of an administrator's, whose client certificate lets events through the API server's proxy.
        audit_policy: IBM's own: `default` or `verbose`.
        resource_group: its ID; empty: the API key's default.
        region: empty: IBM finds it by the cluster.
        api_endpoint: URL of IBM's Kubernetes service.
        iam_endpoint: URL that makes a token of an API key.
        adopt: take over a webhook that is there already.
        refresh_timeout: a duration, for one refresh of the master.
    """

    def __init__(
        self,
        resource_name: str,
        cluster: str,
        webhook: pulumi.Input[str],
        kubeconfig: pulumi.Input[str] = "",
        audit_policy: str = "default",
        resource_group: str = "",
        region: str = "",
        api_endpoint: str = API,
        iam_endpoint: str = IAM,
        adopt: bool = False,
        refresh_timeout: str = "45m",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "cluster": cluster,
            "webhook": pulumi.Output.secret(webhook),
            "kubeconfig": kubeconfig,
            "auditPolicy": audit_policy,
            "resourceGroup": resource_group,
            "region": region,
            "apiEndpoint": api_endpoint,
            "iamEndpoint": iam_endpoint,
            "adopt": adopt,
            "refreshTimeout": refresh_timeout,
        }
        computed = dict.fromkeys(["server", "before", "certificate", "digest", "intact"])
        super().__init__(f"{PACKAGE}:index:IksAuditWebhook", resource_name, props | computed, opts)

    @property
    def server(self) -> pulumi.Output[str]:
        """Where events go."""
        return cast(pulumi.Output[str], pulumi.get(self, "server"))

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of all that was set."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))


class TalosNodeAudit(pulumi.CustomResource):
    """Audit logging in the machine configuration of one control-plane node of Talos, applied by talosctl; a new webhook file reboots it.

    Args:
        resource_name: the resource's name.
        node: its name, for messages.
        address: as `talosctl --nodes` takes it.
        api_server: the URL of its own API server.
        kubeconfig: path of one that may list pods in kube-system.
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text; a secret.
        arguments: flags of the API server by name, without dashes; without those that Talos sets by itself.
        talosconfig: path; empty: what talosctl itself finds.
        adopt: take over a policy that is there already.
        timeout: a duration, for the reboot, and then for the API server.
        remaining: nodes after this one, for the message of a failure.
    """

    def __init__(
        self,
        resource_name: str,
        node: str,
        address: str,
        api_server: str,
        kubeconfig: pulumi.Input[str],
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        talosconfig: str = "",
        adopt: bool = False,
        timeout: str = "10m",
        remaining: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "node": node,
            "address": address,
            "apiServer": api_server,
            "kubeconfig": kubeconfig,
            "policy": policy,
            "webhook": webhook,
            "arguments": arguments,
            "talosconfig": talosconfig,
            "adopt": adopt,
            "timeout": timeout,
            "remaining": list(remaining),
        }
        super().__init__(
            f"{PACKAGE}:index:TalosNodeAudit",
            resource_name,
            props | dict.fromkeys(["manifestDigest", "intact", "before"]),
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["webhook"])),
        )

    @property
    def manifest_digest(self) -> pulumi.Output[str]:
        """Of policy, webhook and flags."""
        return cast(pulumi.Output[str], pulumi.get(self, "manifestDigest"))
