"""OpenShift 4.2 to 4.5: the arguments of the API servers, the AuditSink, and the proof that events arrive."""

from typing import Any, NotRequired, TypedDict

import pulumi

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.judge import judge
from k8s_audit.config.platforms.openshift_sink import OpenshiftSinkPlatform
from k8s_audit.errors import ConfigError
from k8s_audit.platforms.openshift_sink.sink import limits
from k8s_audit.platforms.proved import proved
from k8s_audit.receivers.args import ReceiverArgs
from k8s_audit.resources.objects import OpenshiftAuditSink

UNFIT = ("client_certificate", "client_key", "token", "username", "password", "tls_server_name")
"""What of a receiver's args an AuditSink has no field for."""


class OpenshiftSinkAuditArgs(TypedDict):
    """Arguments of OpenshiftSinkAudit."""

    settings: dict[str, Any]
    """As `audit:platform` of a stack's file, without `kind`: level, stages, …; may be empty."""
    receiver: ReceiverArgs
    """Who gets the events; one that asks for no credentials."""
    kubeconfig: str
    """Path of one that may change KubeAPIServer `cluster` and AuditSinks; for the proof of delivery, create ConfigMaps in `default` and read
    /metrics."""
    delivery: NotRequired[dict[str, Any]]
    """As `audit:delivery` of a stack's file: `throttle` and `checkTimeout` alone."""


class OpenshiftSinkAudit(pulumi.ComponentResource):
    """Has the API servers serve AuditSinks, waits until each of them does, makes one, and proves that events arrive."""

    delivery_checks: pulumi.Output[list[dict[str, Any]]]
    """One proof: apiServer, receiver, proof, auditID, latencySeconds."""

    def __init__(self, name: str, args: OpenshiftSinkAuditArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the AuditSink and the proof.

        Args:
            name: the component's name.
            args: see OpenshiftSinkAuditArgs.
            opts: Pulumi's.

        Raises:
            ConfigError: settings, receiver or delivery have faults.
        """
        super().__init__("k8s-audit:index:OpenshiftSinkAudit", name, {}, opts)
        platform = judge(OpenshiftSinkPlatform, "settings", {"kind": "openshift-4.2"} | args["settings"])
        delivery = judge(DeliveryConfig, "delivery", args.get("delivery", {}))
        receiver = args["receiver"]
        faults = [*platform.faults(), *platform.delivery_faults(delivery)]
        faults += [f"receiver.{key}: an AuditSink has no field for it" for key in UNFIT if receiver.get(key)]
        if faults:
            raise ConfigError(faults)
        qps, burst = limits(delivery.throttle)
        sink = OpenshiftAuditSink(
            f"{name}-sink",
            kubeconfig=args["kubeconfig"],
            sink=platform.sink,
            url=receiver["url"],
            ca=receiver.get("ca", ""),
            level=platform.level,
            stages=platform.stages,
            qps=qps,
            burst=burst,
            timeout=platform.roll_timeout,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.delivery_checks = proved(self, name, args, sink, delivery.check_timeout or platform.proof_timeout)
        self.register_outputs({"deliveryChecks": self.delivery_checks})
