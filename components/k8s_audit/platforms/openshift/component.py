"""OpenshiftAudit: what OpenShift's API servers record, and the operator's collector that sends it to a forwarder of ours.

The collector's service account, its right to read audit logs, the authority by which it knows the forwarder, its ClusterLogForwarder; last, when the
way out is there, the profile. It makes no forwarder.
"""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.openshift import OpenshiftPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.openshift.collector import API_VERSIONS, AUTHORITY, KIND, ROLE, SPECS
from k8s_audit.receivers.kubernetes import sdk
from k8s_audit.resources.objects import OpenshiftAuditProfile

LABELS = {"app.kubernetes.io/name": "k8s-audit-collector"}


class OpenshiftAuditArgs(TypedDict):
    """Arguments of OpenshiftAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: profile, logging, …"""
    kubeconfig: str
    """Path of one that may change the cluster's APIServer; used where settings has a profile."""
    url: NotRequired[pulumi.Input[str]]
    """Of the forwarder, which takes arrays of records; default: no events are wanted, and no collector is made."""
    ca: NotRequired[pulumi.Input[str]]
    """PEM of the authority that signed the forwarder's certificate."""


class OpenshiftAudit(pulumi.ComponentResource):
    """The audit log of an OpenShift cluster, led out by the logging operator; `destroy` puts the profile back."""

    collector: pulumi.Output[str]
    """The ClusterLogForwarder's name; empty without events."""
    profile: pulumi.Output[str]
    """The audit profile that the API servers run with; empty: it was left as it is."""

    def __init__(self, name: str, args: OpenshiftAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register all of it.

        Args:
            name: the component's name.
            args: see OpenshiftAuditArgs.
            opts: Pulumi's; `providers` has the cluster's.

        Raises:
            ConfigError: the settings have faults.
        """
        super().__init__("k8s-audit:index:OpenshiftAudit", name, {}, opts)
        self._name = name
        self._settings = judge(OpenshiftPlatform, "settings", {"kind": "openshift", **args["settings"]})
        if faults := self._settings.faults():
            raise ConfigError(faults)
        self.collector = self.profile = pulumi.Output.from_input("")
        made: list[pulumi.Resource] = []
        if "url" in args:
            forwarder = self._collect(args["url"], args.get("ca", ""))
            self.collector = forwarder.metadata["name"]
            made.append(forwarder)
        if self._settings.profile:
            resource = OpenshiftAuditProfile(
                f"{name}-profile",
                kubeconfig=args["kubeconfig"],
                profile=self._settings.profile,
                custom_rules=[rule.model_dump() for rule in self._settings.custom_rules],
                timeout=self._settings.roll_timeout,
                opts=self._after(*made),
            )
            self.profile = resource.profile
        self.register_outputs({"collector": self.collector, "profile": self.profile})

    def _collect(self, url: pulumi.Input[str], ca: pulumi.Input[str]) -> Any:
        settings, name, core = self._settings, self._name, sdk("core.v1")
        account = core.ServiceAccount(
            f"{name}-account", metadata=self._metadata(name=settings.collector_name), opts=self._after()
        )
        subject = {
            "kind": "ServiceAccount",
            "name": account.metadata.name,
            "namespace": settings.logging_namespace,
        }
        rights = sdk("rbac.v1").ClusterRoleBinding(
            f"{name}-rights",
            metadata={"labels": LABELS},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
            subjects=[subject],
            opts=self._after(),
        )
        # public, but a Secret in plain text is what policies look for
        data = {AUTHORITY: pulumi.Output.secret(ca)}
        authority = core.Secret(f"{name}-authority", metadata=self._metadata(), string_data=data, opts=self._after())
        return sdk("apiextensions").CustomResource(
            f"{name}-collector",
            api_version=API_VERSIONS[settings.logging],
            kind=KIND,
            metadata=self._metadata(name=settings.collector_name),
            spec=SPECS[settings.logging](
                account.metadata.name, url, authority.metadata.name, settings.collector_node_selector
            ),
            opts=self._after(rights),
        )

    def _metadata(self, **more: Any) -> dict[str, Any]:
        return {"namespace": self._settings.logging_namespace, "labels": LABELS, **more}

    def _after(self, *resources: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(resources))
