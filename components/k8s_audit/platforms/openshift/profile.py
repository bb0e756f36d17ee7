"""The audit profile of OpenShift's API servers: set, waited for, and put back.

What was there before is kept in an annotation of the APIServer, and by the caller. The operator restarts one API server after the other.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

from k8s_audit.errors import HostError
from k8s_audit.platforms.openshift.api import AwayError
from k8s_audit.platforms.openshift.cluster import OpenshiftCluster
from k8s_audit.platforms.openshift.rollout import Mark, Seen, begun, lacking
from k8s_audit.platforms.openshift.waiting import wait_until_rolled

Audit = dict[str, Any]
DEFAULT = "Default"
POLL = 5.0
"""Seconds."""
BEGIN = 180.0
"""Seconds in which an operator that works has made a policy of new settings: it is told at once, and looks each minute."""


@dataclass(frozen=True)
class Record:
    """What was there before us, and how far the operator was when we changed it last."""

    audit: Audit | None
    mark: Mark

    def text(self) -> str:
        """As JSON."""
        return json.dumps(
            {"audit": self.audit, "revision": self.mark.revision, "policies": self.mark.policies}, sort_keys=True
        )

    @classmethod
    def read(cls, text: str) -> "Record":
        """From JSON.

        Raises:
            HostError: it is none.
        """
        try:
            known = json.loads(text)
            return cls(known["audit"], Mark(int(known["revision"]), str(known["policies"])))
        except (ValueError, LookupError, TypeError):
            raise HostError("the annotation that keeps what was there before is not of this version") from None


def settings(profile: str, custom_rules: Sequence[Mapping[str, str]]) -> Audit:
    """`spec.audit` as we write it."""
    rules = [{"group": rule["group"], "profile": rule["profile"]} for rule in custom_rules]
    return {"profile": profile} | ({"customRules": rules} if rules else {})


def same(one: Audit | None, other: Audit | None) -> bool:
    """Whether two settings mean the same: no profile is `Default`, no rule is none."""
    return _whole(one) == _whole(other)


def _whole(audit: Audit | None) -> tuple[str, list[Any]]:
    given = audit or {}
    return given.get("profile") or DEFAULT, given.get("customRules") or []


@dataclass(frozen=True)
class AuditProfile:
    """The profile of one cluster.

    Args:
        cluster: whose.
        timeout: seconds until all API servers must have it.
        stop: ends the wait.
        say: is told how far the operator is.
        remembered: the last record, for the case that the annotation is gone; empty: none.
    """

    cluster: OpenshiftCluster
    timeout: float
    stop: Event
    say: Callable[[str], None]
    remembered: str = ""

    def write(self, wanted: Audit) -> str:
        """Set it, unless it is so; yields the record, empty where nothing was ever changed.

        Raises:
            ConflictError, HostError: it cannot be set.
        """
        stored = self.cluster.read()
        kept = stored.record or self.remembered
        if same(stored.audit, wanted):
            return kept
        before = Record.read(kept).audit if kept else stored.audit
        record = Record(before, self.cluster.seen().mark).text()
        self.cluster.write(stored, wanted, record)
        return record

    def restore(self, ours: Audit) -> None:
        """Put back what was there before us, unless somebody changed it since, and wait until the API servers run with it.

        Args:
            ours: what we set.

        Raises:
            ConflictError, HostError: it cannot be put back.
            ChangeError: the API servers do not get it in time.
        """
        stored = self.cluster.find()
        kept = stored and (stored.record or self.remembered)
        if not stored or not kept:
            return
        before = Record.read(kept).audit
        if same(stored.audit, before):  # as a destroy leaves it that did not wait to the end
            self.cluster.write(stored, stored.audit, None)
            self.wait(None)
        elif same(stored.audit, ours):
            mark = self.cluster.seen().mark
            self.cluster.write(stored, before, None)
            self.wait(mark)
        else:
            self.say("APIServer `cluster`: somebody changed spec.audit since; it stays as it is")
            self.cluster.write(stored, stored.audit, None)

    def wait(self, since: Mark | None) -> None:
        """Until each API server runs with the settings and the operator is well.

        Args:
            since: how far the operator was when they were changed; None: they were not.

        Raises:
            ChangeError: it is not so in time; with the operator's own words.
        """
        began, mark = time.monotonic(), since

        def look() -> list[str]:
            nonlocal mark
            try:
                seen = self.cluster.seen()
            except AwayError as error:
                return [str(error)]
            mark = self._given_up(seen, mark, time.monotonic() - began)
            return lacking(seen, mark)

        def late(left: str) -> str:
            return (
                f"the API servers do not run with the audit profile after {self.timeout:g} s: {left}.\nThe settings"
                " stay; the operator goes on, and the next `up` waits again.\nLook closer: kubectl --kubeconfig"
                f" {self.cluster.kubeconfig} get clusteroperator kube-apiserver; … describe kubeapiserver cluster"
            )

        wait_until_rolled(look, late, self.timeout, POLL, self.stop, self.say)

    def _given_up(self, seen: Seen, since: Mark | None, elapsed: float) -> Mark | None:
        """No longer waiting for another policy, where the operator makes none: it had that one before."""
        if since is None or begun(seen, since) or elapsed < BEGIN:
            return since
        self.say(
            f"the operator has made no other policy within {BEGIN:g} s, so what it has is taken for the one that is wanted"
        )
        return None
