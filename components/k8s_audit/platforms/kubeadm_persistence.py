"""Keeping kubeadm's own configuration in step with the hosts, and taking out again what is ours.

What was there before is kept in an annotation beside it, and by the caller, since `kubeadm upgrade` writes all of it anew.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

from k8s_audit.control_plane import kubeadm_config
from k8s_audit.control_plane.kubeadm_config import Ours
from k8s_audit.errors import HostError
from k8s_audit.platforms.kubeadm_cluster import KubeadmCluster


@dataclass(frozen=True)
class Record:
    """What our edit did: the text before it, the digest of the one after it, and what of that is ours."""

    before: str
    after: str
    ours: Ours

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def read(cls, text: str) -> "Record":
        """From JSON.

        Raises:
            HostError: it is none.
        """
        try:
            known = json.loads(text)
            ours = known["ours"]
            return cls(
                known["before"],
                known["after"],
                Ours(dict(ours["arguments"]), tuple(ours["volumes"]), dict(ours["replaced"])),
            )
        except (ValueError, LookupError, TypeError):
            raise HostError("what is kept beside kubeadm's own configuration is not of this version") from None


@dataclass(frozen=True)
class Live:
    """What is stored now: the audit flags, whether our mounts are there, and what is remembered of before."""

    arguments: dict[str, str]
    intact: bool
    record: str


class Persistence:
    """kubeadm's own configuration of one cluster.

    Args:
        cluster: where it is stored.
        remembered: the last record, for the case that the one beside it is gone; empty: none.
    """

    def __init__(self, cluster: KubeadmCluster, remembered: str = "") -> None:
        """Nothing is asked yet."""
        self.cluster = cluster
        self.remembered = remembered

    def read(self) -> Live | None:
        """What is there; None where kubeadm keeps none."""
        stored = self.cluster.read()
        if stored is None:
            return None
        record = stored.record or self.remembered
        intact = not record or kubeadm_config.has_volumes(stored.text, Record.read(record).ours)
        return Live(kubeadm_config.audit_arguments(stored.text), intact, record)

    def apply(self, wanted: Mapping[str, str], adopt: bool) -> Live | None:
        """Put the flags and their mounts in; a second time nothing is written. None where kubeadm keeps none.

        Raises:
            ConflictError: a flag has another value, or somebody else writes at the same time.
            HostError: the cluster refuses, or the configuration is of an unknown version.
        """
        stored = self.cluster.read()
        if stored is None:
            return None
        base = self._without_us(stored.text, stored.record)
        edit = kubeadm_config.turn_on(base, wanted, adopt)
        record = Record(base, _digest(edit.text), edit.ours).text()
        if stored.text != edit.text or stored.record != record:
            self.cluster.write(stored, edit.text, record)
        return Live(kubeadm_config.audit_arguments(edit.text), True, record)

    def plan(self, wanted: Mapping[str, str], adopt: bool) -> list[str]:
        """What `apply` would do, with nothing changed.

        Raises:
            ConflictError, HostError: why it would fail.
        """
        stored = self.cluster.read()
        if stored is None:
            return []
        edit = kubeadm_config.turn_on(self._without_us(stored.text, stored.record), wanted, adopt)
        here, after = kubeadm_config.audit_arguments(stored.text), kubeadm_config.audit_arguments(edit.text)
        changed = [f"set {name}: {value}" for name, value in sorted(after.items()) if here.get(name) != value]
        removed = [f"remove {name}" for name in sorted(here.keys() - after.keys())]
        return [*changed, *removed]

    def restore(self) -> None:
        """Put back what was there before us; where somebody changed it since, take out only what is ours."""
        stored = self.cluster.read()
        if stored is None or not (stored.record or self.remembered):
            return
        target = self._without_us(stored.text, stored.record)
        if target != stored.text or stored.record:
            self.cluster.write(stored, target, None)

    def _without_us(self, text: str, beside: str | None) -> str:
        if not (known := beside or self.remembered):
            return text
        record = Record.read(known)
        if _digest(text) == record.after:
            return record.before
        without = kubeadm_config.turn_off(text, record.ours)
        same = kubeadm_config.reformat(without) == kubeadm_config.reformat(record.before)
        return record.before if same else without


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
