"""A control plane of the tests whose API server writes an audit log for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.endpoint import ReceiverEndpoint


@contextmanager
def audited(cluster: LocalCluster, folder: Path, profile: str) -> Iterator[Path]:
    """Switch the log on, by a profile of the audit policies; yields its path."""
    log, own = folder / "log" / "audit.log", cluster.folder
    place = Place(str(cluster.manifests), cluster.api_server, f"{own}/etc/cloud", f"{own}/var/cloud", 60)
    receiver = ReceiverEndpoint("nobody", "http://127.0.0.1:9/")
    flags = AuditFlags(log=LogBackend(path=str(log))).arguments(place.policy, place.webhook)
    setup = AuditSetup(render_policy(load_profile(profile)), render_webhook(receiver), flags)
    change = StaticPodChange(LocalHost("cp-1", f"{own}/logs/kube-apiserver.log"), place, Event())
    change.apply(setup)
    try:
        yield log
    finally:
        change.restore()
