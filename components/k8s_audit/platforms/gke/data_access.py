"""A project's data access logs switched on for GKE, without owning the project's audit configuration.

Others' types, exemptions and services stay as they are; only what we switched on is switched off again. pulumi-gcp's
IAMAuditConfig would overwrite all that is set for the service. Not done: folders' and organizations' configurations are not read.
https://cloud.google.com/logging/docs/audit/configure-data-access
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from threading import Event
from typing import Any

from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke.names import OURS
from k8s_audit.platforms.gke.session import RefusedError, Session

Policy = dict[str, Any]
SERVICE, ALL = "container.googleapis.com", "allServices"
"""GKE's name in audit configurations (entries of the Kubernetes API say `k8s.io`), and the name that stands for every service."""
SHORTEST, LONGEST = 0.2, 5.0
"""Seconds between two tries: the first and the longest one."""
CONFLICT = "ABORTED"
"""What Google says when the policy has changed since it was read."""
VERSION = 3
"""Of policies with conditions in them; an older one is not handed out whole."""


def switched(policy: Policy) -> dict[str, list[str]]:
    """The types that are logged for GKE, each with whom it exempts.

    An exemption for all services counts for each of them.
    """
    found: dict[str, set[str]] = {}
    for config in policy.get("auditConfigs", []):
        if config.get("service") in (SERVICE, ALL):
            for log in config.get("auditLogConfigs", []):
                found.setdefault(log["logType"], set()).update(log.get("exemptedMembers", []))
    return {kind: sorted(members) for kind, members in found.items()}


def with_types(policy: Policy, types: Iterable[str], exempted: Sequence[str]) -> Policy:
    """The policy with these types of ours logged, and nobody but these exempted from them."""
    made, logs = _own(policy)
    for kind in types:
        log = next((one for one in logs if one["logType"] == kind), None)
        if log is None:
            log = {"logType": kind}
            logs.append(log)
        log.pop("exemptedMembers", None)
        if exempted:
            log["exemptedMembers"] = sorted(exempted)
    return made


def without_types(policy: Policy, types: Iterable[str]) -> Policy:
    """The policy without these types of ours."""
    made, logs = _own(policy)
    gone = set(types)
    logs[:] = [log for log in logs if log["logType"] not in gone]
    made["auditConfigs"] = [config for config in made["auditConfigs"] if config.get("auditLogConfigs")]
    return made


def exempted(policy: Policy, types: Iterable[str], service: str = SERVICE) -> list[str]:
    """Who is exempted from these types by the configuration of a service."""
    wanted = set(types)
    return sorted(
        {
            member
            for config in policy.get("auditConfigs", [])
            if config.get("service") == service
            for log in config.get("auditLogConfigs", [])
            if log["logType"] in wanted
            for member in log.get("exemptedMembers", [])
        }
    )


def _own(policy: Policy) -> tuple[Policy, list[dict[str, Any]]]:
    """A copy, and in it what is logged for GKE alone."""
    made = deepcopy(policy)
    configs = made.setdefault("auditConfigs", [])
    own = next((config for config in configs if config.get("service") == SERVICE), None)
    if own is None:
        own = {"service": SERVICE}
        configs.append(own)
    logs: list[dict[str, Any]] = own.setdefault("auditLogConfigs", [])
    return made, logs


@dataclass(frozen=True)
class DataAccess:
    """The data access logs of one project.

    Args:
        session: who asks.
        project: its ID.
        timeout: seconds for all that one call of ours does.
        stop: is set when we must end.
        say: shows a line to the user.
    """

    session: Session
    project: str
    timeout: float
    stop: Event
    say: Callable[[str], None]

    def tell_exemptions(self, policy: Policy, types: Iterable[str]) -> None:
        """Say whom the configuration for all services exempts: it counts for GKE too, and is not ours to change."""
        if members := exempted(policy, types, ALL):
            self.say(f"project {self.project}: {ALL} exempts {', '.join(members)}, whose requests are not logged")

    def read(self) -> Policy:
        """The project's policy.

        Raises:
            CloudError: there is no such project, or it may not be read.
        """
        options = {"options": {"requestedPolicyVersion": VERSION}}
        found: Policy = self.session.post(
            f"project {self.project}: audit configuration", "projects", f"projects/{self.project}:getIamPolicy", options
        )
        return found

    def bring(self, types: Sequence[str], exempted: Sequence[str], ours: set[str]) -> set[str]:
        """Log these types, and no others of ours any more.

        Args:
            types: the wanted ones.
            exempted: whom those of ours do not log.
            ours: what we switched on before.

        Returns:
            what is ours now.

        Raises:
            CloudError: Google refuses, or others change the policy all the time.
        """
        for policy in self._tries():
            on = switched(policy)
            mine = {kind for kind in types if kind in ours or kind not in on}
            for kind in sorted(set(types) - mine):
                self.say(f"project {self.project}: {kind} is logged already{_but(on[kind])}: left as it is")
            self.tell_exemptions(policy, mine)
            wanted = with_types(without_types(policy, ours - mine), sorted(mine), exempted)
            if not _differ(policy, wanted) or self._write(policy, wanted):
                return mine
        raise AssertionError("tries end with an error")

    def undo(self, ours: Iterable[str], sink: str) -> None:
        """Log these types no more, unless another sink of ours in the project lives of them.

        Args:
            ours: what we switched on.
            sink: the name of this stack's sink.

        Raises:
            CloudError: Google refuses.
        """
        types = set(ours)
        if not types:
            return
        if others := self.sinks(sink):
            self.say(
                f"project {self.project}: {', '.join(sorted(types))} stay logged, for the sink {', '.join(others)}"
            )
            return
        for policy in self._tries():
            wanted = without_types(policy, types)
            if not _differ(policy, wanted) or self._write(policy, wanted):
                return

    def sinks(self, own: str) -> list[str]:
        """The sinks of other stacks of ours in the project.

        Args:
            own: the name of this stack's.
        """
        what, query, found = f"project {self.project}: sinks", {"pageSize": "1000"}, []
        while True:
            page = self.session.get(what, "logging", f"projects/{self.project}/sinks", query)
            found += [sink["name"] for sink in page.get("sinks", [])]
            if not page.get("nextPageToken"):
                return sorted(name for name in found if name.startswith(OURS) and name != own)
            query = {**query, "pageToken": page["nextPageToken"]}

    def _tries(self) -> Iterator[Policy]:
        """The policy, read anew as often as others have changed it meanwhile."""
        until, pause = time.monotonic() + self.timeout, SHORTEST
        while True:
            yield self.read()
            if time.monotonic() + pause > until:
                raise CloudError(
                    f"project {self.project}: audit configuration: others changed the policy all through {self.timeout:g} s"
                )
            if self.stop.wait(pause):
                raise CloudError(
                    f"project {self.project}: audit configuration: stopped while others changed the policy"
                )
            pause = min(pause * 2, LONGEST)

    def _write(self, policy: Policy, wanted: Policy) -> bool:
        """Whether it was written; false: somebody was faster. The mask keeps all but the audit configuration out of it."""
        body = {"policy": wanted | {"etag": policy["etag"]}, "updateMask": "auditConfigs,etag"}
        what = f"project {self.project}: audit configuration"
        try:
            self.session.post(what, "projects", f"projects/{self.project}:setIamPolicy", body)
        except RefusedError as error:
            if error.status == CONFLICT:
                return False
            raise
        return True


def _but(members: Sequence[str]) -> str:
    return f", but not for {', '.join(members)}" if members else ""


def _differ(policy: Policy, wanted: Policy) -> bool:
    return _normal(policy) != _normal(wanted)


def _normal(policy: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """What is logged by service and type; a service without types is none."""
    return {
        config["service"]: {log["logType"]: sorted(log.get("exemptedMembers", [])) for log in config["auditLogConfigs"]}
        for config in policy.get("auditConfigs", [])
        if config.get("auditLogConfigs")
    }
