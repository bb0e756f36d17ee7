"""`kind: openshift-3.11`: masters of OpenShift 3.11, each changed over SSH or as the machine where the program runs."""

import posixpath
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from k8s_audit.config.delivery import DeliveryConfig
from k8s_audit.config.model import AbsolutePath
from k8s_audit.config.platforms.hosts import HostsPlatform, ReachedHost, shared_faults
from k8s_audit.control_plane import audit_config
from k8s_audit.control_plane.master_config import NAME
from k8s_audit.control_plane.master_server import INSIDE
from k8s_audit.faults import spelled

DATA = "/var/lib/origin"
"""Beside the folder of its configuration what a master's API server has in its container, under the same path, and may write:
https://github.com/openshift/openshift-ansible/blob/release-3.11/roles/openshift_control_plane/files/apiserver.yaml"""
UNSETTABLE = ("max_wait", "max_batch_size", "buffer_size", "initial_backoff")


class MasterHost(ReachedHost):
    """One entry of `hosts`."""

    usual_port: ClassVar[int] = 8443
    master_config: AbsolutePath = f"{INSIDE}/{NAME}"
    """The API server's configuration, under the same path on the host and in its container."""
    config_folder: AbsolutePath = f"{INSIDE}/k8s-audit"
    """Where the policy and the webhook file go; below the folder of `masterConfig`."""
    adopt: bool = False
    """Take over auditing that is on already with another policy or webhook; destroy puts it back."""


class Openshift3Platform(HostsPlatform):
    """OpenShift 3.11."""

    kind: Literal["openshift-3.11"]
    hosts: list[MasterHost] = Field(min_length=1)
    """In the order in which they are changed."""
    kubernetes_version: Literal["1.11"] = "1.11"
    """What OpenShift 3.11 is."""

    def log_path(self) -> str | None:
        """See PlatformConfig."""
        return f"{DATA}/k8s-audit/audit.log"

    def settable(self, arguments: Mapping[str, str]) -> dict[str, str]:
        """See PlatformConfig."""
        return audit_config.settable(arguments)

    def delivery_faults(self, delivery: DeliveryConfig) -> list[str]:
        """See PlatformConfig: what auditConfig has no field for, and a log that its container could not write."""
        names = [name for name in UNSETTABLE if getattr(delivery, name) is not None]
        names += [name for name in ("throttle", "truncate") if getattr(delivery, name).model_fields_set]
        faults = [
            f"audit:delivery.{type(delivery).model_fields[name].alias or name}: auditConfig of OpenShift 3.11 has no field for it; take it out"
            for name in names
        ]
        path = delivery.log.path
        if path is not None and not _within(path, DATA):
            faults.append(
                f"audit:delivery.log.path: {spelled(path)}; allowed: a file below {DATA}, which the API server's container has"
            )
        return faults

    def faults(self) -> list[str]:
        """See PlatformConfig."""
        faults = shared_faults(self.hosts, ("name", "master_config", "state_folder", "config_folder", "api_server"))
        return faults + [
            f"audit:platform.hosts[{index}].configFolder: {spelled(host.config_folder)}; allowed: a folder below that of masterConfig,"
            " which the API server's container has"
            for index, host in enumerate(self.hosts)
            if not _within(host.config_folder, posixpath.dirname(host.master_config))
        ]

    def warnings(self) -> list[str]:
        """See PlatformConfig."""
        return [
            "OpenShift 3.11: its API server reads webHookMode nowhere, and sends each event by itself before the request ends: a receiver that is slow makes"
            " each request slow, and what is larger than it takes is lost at the webhook; the log file has it"
        ]


def _within(path: str, folder: str) -> bool:
    return posixpath.normpath(path).startswith(f"{folder}/")
