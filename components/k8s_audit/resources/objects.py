"""Audit logging of a cluster by an object in Kubernetes, whose controller brings it to the API servers."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from k8s_audit.resources import PACKAGE


class KubeadmControlPlaneAudit(pulumi.CustomResource):
    """Audit logging in a KubeadmControlPlane of Cluster API, whose machines are all replaced.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one of the management cluster that may get and update the object, keep Secrets beside it, and, for the proof
            of each machine, list and patch machines.
        namespace: the object's.
        control_plane: the object's name.
        policy: the audit policy's text.
        webhook: the webhook kubeconfig's text; a secret.
        arguments: audit flags by name, without dashes.
        adopt: take over audit flags that are there already with other values.
        rollout_timeout: a duration, for all machines.
        proof: `auditID` or `accepted`: how the receiver's proof is made of each new machine's API server before the next machine is
            replaced; empty: none is.
        proof_timeout: a duration: how long an event may take.
        api_servers: each API server's own URL; default: the cluster's kubeconfig's, at each of its addresses.
        cluster_kubeconfig: path of one of the cluster itself, for that proof: it may create ConfigMaps in `default`, read /metrics and list
            pods in kube-system.
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
        proof: str = "",
        proof_timeout: str = "30s",
        api_servers: Sequence[str] = (),
        cluster_kubeconfig: pulumi.Input[str] = "",
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
            "proof": proof,
            "proofTimeout": proof_timeout,
            "apiServers": list(api_servers),
            "clusterKubeconfig": cluster_kubeconfig,
        }
        super().__init__(
            f"{PACKAGE}:index:KubeadmControlPlaneAudit",
            resource_name,
            props | dict.fromkeys(["machines", "pending", "intact", "digest", "held"]),
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


class OpenshiftAuditSink(pulumi.CustomResource):
    """An AuditSink of OpenShift 4.2 to 4.5, and the arguments that have its API servers serve it; `destroy` takes both out.

    Args:
        resource_name: the resource's name.
        kubeconfig: path of one that may get and update KubeAPIServer `cluster`, get ClusterOperators, get ConfigMaps in
            openshift-kube-apiserver, and get, create, update and delete AuditSinks.
        sink: the AuditSink's name.
        url: of the receiver; a Service's is `https://NAME.NAMESPACE.svc:PORT/PATH`.
        ca: PEM of the authority of its certificate; empty: the API servers' own.
        level: `Metadata`, `Request` or `RequestResponse`, of each and every request.
        stages: of which an event is sent.
        qps: batches a second.
        burst: batches at once.
        timeout: how long all API servers may take.
    """

    def __init__(
        self,
        resource_name: str,
        kubeconfig: str,
        sink: str,
        url: pulumi.Input[str],
        ca: pulumi.Input[str] = "",
        level: str = "Metadata",
        stages: Sequence[str] = ("ResponseStarted", "ResponseComplete", "Panic"),
        qps: int = 10,
        burst: int = 15,
        timeout: str = "1h",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register it."""
        props: dict[str, Any] = {
            "kubeconfig": kubeconfig,
            "sink": sink,
            "url": url,
            "ca": ca,
            "level": level,
            "stages": list(stages),
            "qps": qps,
            "burst": burst,
            "timeout": timeout,
        }
        super().__init__(
            f"{PACKAGE}:index:OpenshiftAuditSink",
            resource_name,
            props | dict.fromkeys(["record", "pending", "intact", "digest"]),
            opts,
        )

    @property
    def digest(self) -> pulumi.Output[str]:
        """Of what it says."""
        return cast(pulumi.Output[str], pulumi.get(self, "digest"))
