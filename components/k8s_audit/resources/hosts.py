"""Audit logging at single control-plane hosts, and in kubeadm's own configuration."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

import pulumi

from k8s_audit.resources import PACKAGE


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


class OpenshiftMasterAudit(_HostAudit):
    """Audit logging at one master of OpenShift 3.11.

    Args:
        resource_name: the resource's name.
        host: as an entry of `audit:platform.hosts`, without `adopt`.
        policy: YAML of the audit policy, of `audit.k8s.io/v1beta1`.
        webhook: YAML of the webhook kubeconfig; always a secret.
        arguments: audit flags by name, without dashes; those that `auditConfig` has a field for.
        adopt: take over auditing that is on already with another policy or webhook.
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


class _ProfileAudit(pulumi.CustomResource):
    """What the resources of a profile on this machine share: their inputs, but for those of one's `own`, and their outputs."""

    def __init__(
        self,
        resource_name: str,
        profile: str,
        folder: str,
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        known_hosts: str,
        restart_timeout: str,
        adopt: bool = False,
        opts: pulumi.ResourceOptions | None = None,
        *,
        own: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            **own,
            "profile": profile,
            "folder": folder,
            "policy": policy,
            "webhook": pulumi.Output.secret(webhook),
            "arguments": arguments,
            "knownHosts": known_hosts,
            "restartTimeout": restart_timeout,
            "adopt": adopt,
        }
        token = f"{PACKAGE}:index:{type(self).__name__}"
        super().__init__(token, resource_name, props | dict.fromkeys(["manifestDigest", "intact"]), opts)

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of policy, webhook and flags."""
        return cast(pulumi.Output[str], pulumi.get(self, "manifestDigest"))


class MinikubeNodeAudit(_ProfileAudit):
    """Audit logging at the running node of a minikube cluster, and in what each start of it sets up.

    Args:
        resource_name: the resource's name.
        profile: of minikube.
        folder: minikube's own, with its profiles and files.
        policy: YAML of the audit policy.
        webhook: YAML of the webhook kubeconfig; always a secret.
        arguments: audit flags by name, without dashes.
        known_hosts: a file with host keys, for drivers that do not tell the node's.
        restart_timeout: a duration, for one restart of the API server.
        adopt: take over audit flags that are there already with other values.
    """


class MinishiftMachineAudit(_ProfileAudit):
    """Audit logging of the API server in MiniShift's virtual machine.

    Args:
        resource_name: the resource's name.
        profile: of MiniShift.
        folder: MiniShift's own, with its machines.
        policy: YAML of the audit policy.
        webhook: YAML of the webhook kubeconfig; always a secret.
        arguments: audit flags by name, without dashes.
        known_hosts: a file with the machine's host key.
        restart_timeout: a duration, for one restart of the API server.
        api_server: its own URL; None: port 8443 of the machine's address.
        adopt: take over audit flags that are there already with other values.
    """

    def __init__(
        self,
        resource_name: str,
        profile: str,
        folder: str,
        policy: pulumi.Input[str],
        webhook: pulumi.Input[str],
        arguments: dict[str, str],
        known_hosts: str,
        restart_timeout: str,
        api_server: str | None = None,
        adopt: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        super().__init__(
            resource_name,
            profile,
            folder,
            policy,
            webhook,
            arguments,
            known_hosts,
            restart_timeout,
            adopt,
            opts,
            own={"apiServer": api_server},
        )


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
