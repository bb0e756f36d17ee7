"""Audit logging of a whole cluster, by what its maker changes or creates it with."""

from collections.abc import Sequence
from typing import Any, cast

import pulumi

from k8s_audit.resources import PACKAGE


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
        proof: `auditID` or `accepted`: how the receiver's proof is made of each group's API servers before the next group's nodes are
            replaced; empty: none is.
        proof_timeout: a duration: how long an event may take.
        api_servers: each API server's own URL; default: the kubeconfig's, at each of its addresses.
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
        proof: str = "",
        proof_timeout: str = "30s",
        api_servers: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "cluster": cluster,
            "policy": policy,
            "webhook": webhook,
            "arguments": arguments,
            "proof": proof,
            "proofTimeout": proof_timeout,
            "apiServers": list(api_servers),
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


class KubesprayVariables(pulumi.CustomResource):
    """A file of variables in an inventory of Kubespray's, by which its next run keeps audit logging on.

    Args:
        resource_name: the resource's name.
        inventory: absolute path of the folder that has `group_vars`.
        group: whose variables they are.
        arguments: audit flags by name, without dashes, that the hosts have.
    """

    def __init__(
        self,
        resource_name: str,
        inventory: str,
        group: str,
        arguments: dict[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {"inventory": inventory, "group": group, "arguments": arguments}
        super().__init__(
            f"{PACKAGE}:index:KubesprayVariables",
            resource_name,
            props | dict.fromkeys(["file", "intact"]),
            opts,
        )

    @property
    def file(self) -> pulumi.Output[str]:
        """Its path."""
        return cast(pulumi.Output[str], pulumi.get(self, "file"))
