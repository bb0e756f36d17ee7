"""Running a scenario against an API server: each request and its auditID, and nothing left behind.

Whatever is created has the run's nonce in its name and our label. It is noted for removal before it is asked for, so that
an answer that never comes, a Ctrl-C or a SIGTERM leaves nothing; what a `kill -9` leaves, a later run finds by the label.
Does not follow the events: `follow.py`.
"""

import contextlib
import json
import re
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.errors import DeliveryError
from k8s_audit.kubernetes_api import unanswered
from k8s_audit.scenarios.scenario import Scenario, Step, filled

PREFIX = "k8s-audit-scenario"
LABELS = {"app.kubernetes.io/managed-by": "k8s-audit", "app.kubernetes.io/component": "scenario"}
SELECTOR = ",".join(f"{key}={value}" for key, value in LABELS.items())
REQUEST_TIMEOUT = 15.0
"""Seconds."""
GONE_TIMEOUT = 60.0
"""Seconds in which a deleted object must be gone; only a pod that runs takes more than a moment."""
JOB_TIMEOUT = 300.0
"""Seconds in which a scenario's Job must end; the image is pulled in that time, too."""
LEFT_AFTER = 600.0
"""Seconds after which an object with our label is no live run's: a scenario is cleaned up as soon as its requests are made and its
Job has ended."""
POLL = 0.25
"""Seconds."""
OK, CREATED, ACCEPTED, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 201, 202, 401, 403, 404
PATCH = "application/strategic-merge-patch+json"
NO_RIGHT = re.compile(r'cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?')
"""How RBAC refuses; other refusals (admission, escalation) come later, and the event then has the body."""
COLLECTION = re.compile(
    r"/apis?(?:/(?P<group>[^/]+(?=/[^/]+/)))?/v1(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[^/]+)"
)
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
REVIEW = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}


@dataclass(frozen=True)
class Answer:
    """What an API server answers: status, auditID, body, and the time by its own clock."""

    status: int
    audit_id: str
    body: Any
    date: datetime | None

    @property
    def message(self) -> str:
        """What it says of a refusal."""
        return str(self.body.get("message", ""))[:300] if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Sent:
    """A request of a scenario that was made.

    Args:
        scenario: the scenario's name.
        step: what was asked.
        path: as it was sent, without the query.
        at: seconds since the epoch.
        answer: of the API server.
    """

    scenario: str
    step: Step
    path: str
    at: float
    answer: Answer


@dataclass
class Run:
    """What has become of one scenario.

    Args:
        sent: the requests, in their order.
        left: objects that could not be removed, and why.
    """

    sent: list[Sent] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def run(scenario: Scenario, server: ApiServer, namespace: str, run_pods: bool = False) -> Run:
    """Make the requests of a scenario and remove what they created, whatever happens.

    Args:
        scenario: from the catalogue.
        server: where.
        namespace: of the objects; it must be there.
        run_pods: let pods be scheduled, so that they really run.

    Raises:
        DeliveryError: the API server does not answer, or the kubeconfig lacks a right; all is removed by then.
        KeyboardInterrupt: Ctrl-C or SIGTERM; likewise.
    """
    name = f"{PREFIX}-{uuid.uuid4().hex[:10]}"
    done, created = Run(), list[str]()
    with _signals_heeded() as stopped:
        _refuse_without_rights(scenario, server, namespace)
        try:
            for step in scenario.steps:
                if stopped:
                    break
                done.sent.append(_send(scenario.name, step, server, name, namespace, run_pods, created))
            if scenario.job and not stopped:
                _await_job(server, filled(scenario.job, name, namespace), stopped)
        finally:
            done.left = [f"{path}: {why}" for path in reversed(created) if (why := _remove(server, path))]
            if done.left and (stopped or sys.exception()):
                raise DeliveryError("\n".join(["left behind:", *done.left]))
    return done


def leftovers(
    scenarios: Sequence[Scenario], server: ApiServer, namespace: str, older_than: float = LEFT_AFTER
) -> tuple[list[str], list[str]]:
    """Remove what earlier runs that were killed have left.

    Args:
        scenarios: whose kinds of objects are looked for.
        server: where.
        namespace: as for `run`.
        older_than: seconds since its creation after which an object with our label belongs to no live run.

    Returns:
        the paths of what was removed; and what is left, or could not be looked for, and why.
    """
    collections = {filled(step.path, "", namespace): None for one in scenarios for step in one.steps if step.creates}
    removed: list[str] = []
    left: list[str] = []
    with _signals_heeded():
        for collection in collections:
            found = ask(server, "GET", f"{collection}?labelSelector={quote(SELECTOR)}")
            if found.status != OK:
                left.append(f"{collection}: cannot be listed ({found.status} {found.message})")
                continue
            for item in found.body["items"]:
                path = f"{collection}/{item['metadata']['name']}"
                born = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
                if not found.date or (found.date - born).total_seconds() <= older_than:
                    left.append(f"{path}: may belong to a run that goes on; looked at again after {older_than:g} s")
                elif why := _remove(server, path):
                    left.append(f"{path}: {why}")
                else:
                    removed.append(path)
    return removed, left


def ask(server: ApiServer, method: str, path: str, body: Any = None) -> Answer:
    """One request with the kubeconfig's credentials.

    Raises:
        DeliveryError: no answer.
    """
    kind = PATCH if method == "PATCH" else "application/json"
    headers = {"Accept": "application/json", "Content-Type": kind}
    request = server.client.param_serialize(
        method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
    )
    try:
        answer = server.client.call_api(*request, _request_timeout=REQUEST_TIMEOUT)
        text = answer.read()
    except Exception as error:  # whatever urllib3 raises
        raise DeliveryError(f"{server.url} {unanswered(error)} ({method} {path})") from None
    try:
        content = json.loads(text)
    except ValueError:
        content = text.decode(errors="replace")
    date = answer.headers.get("Date")
    return Answer(
        answer.status, str(answer.headers.get("Audit-Id", "")), content, parsedate_to_datetime(date) if date else None
    )


def _refuse_without_rights(scenario: Scenario, server: ApiServer, namespace: str) -> None:
    """Raise before anything is created that could not be removed again."""
    for collection in dict.fromkeys(filled(step.path, "", namespace) for step in scenario.steps if step.creates):
        place = COLLECTION.fullmatch(collection)
        assert place, collection
        for verb in ("create", "delete"):
            wanted = {"verb": verb, "group": place["group"] or "", "resource": place["resource"]}
            wanted |= {"namespace": place["namespace"]} if place["namespace"] else {}
            answer = ask(server, "POST", REVIEWS, REVIEW | {"spec": {"resourceAttributes": wanted}})
            if answer.status == UNAUTHORIZED:
                raise DeliveryError(f"{server.url} does not know the credentials of kubeconfig {server.kubeconfig}")
            if answer.status == CREATED and not answer.body["status"].get("allowed"):
                raise DeliveryError(_no_right(scenario.name, verb, place["resource"], place["group"] or ""))


def _no_right(scenario: str, verb: str, resource: str, group: str) -> str:
    return (
        f"scenario {scenario}: the kubeconfig's user may not {verb} {resource}{f' ({group})' if group else ''}; docs/verify.md"
        " has a role with all rights that the scenarios need"
    )


def _send(
    scenario: str, step: Step, server: ApiServer, name: str, namespace: str, run_pods: bool, created: list[str]
) -> Sent:
    path = filled(step.path, name, namespace)
    body = filled(step.body, name, namespace) if step.body is not None else None
    if step.method == "POST" and body is not None:
        own = filled(step.name, name, namespace)
        body["metadata"] = {"name": own, "labels": dict(LABELS)}
        if run_pods and body["kind"] == "Pod":
            del body["spec"]["nodeSelector"]
        if step.creates:
            created.append(f"{path}/{own}")
    at = time.time()
    answer = ask(server, step.method, f"{path}?dryRun=All" if step.dry_run else path, body)
    plain = path.partition("?")[0]
    if answer.status == FORBIDDEN and (refused := NO_RIGHT.search(answer.message)):
        raise DeliveryError(_no_right(scenario, refused[1], refused[2], refused[3] or ""))
    if not answer.audit_id:
        raise DeliveryError(
            f"{server.url} names no Audit-Id for {step.method} {plain} (it answers {answer.status}); is there something"
            " between it and us, or is auditing off?"
        )
    return Sent(scenario, step, plain, at, answer)


def _await_job(server: ApiServer, path: str, stopped: list[int]) -> None:
    deadline = time.monotonic() + JOB_TIMEOUT
    while not stopped:
        answer = ask(server, "GET", path)
        if answer.status != OK:
            raise DeliveryError(f"{server.url} answers GET {path}: {answer.status} {answer.message}")
        ended = {one["type"]: one for one in answer.body["status"].get("conditions", []) if one["status"] == "True"}
        if "Complete" in ended:
            return
        if "Failed" in ended:
            raise DeliveryError(f"the Job {path} failed: {ended['Failed'].get('message', 'no reason given')}")
        if time.monotonic() > deadline:
            raise DeliveryError(f"the Job {path} did not end within {JOB_TIMEOUT:g} s; can the node pull its image?")
        time.sleep(POLL)


def _remove(server: ApiServer, path: str) -> str:
    """Delete an object and wait until it is gone; why it is not, else nothing."""
    deadline = time.monotonic() + GONE_TIMEOUT
    try:
        answer = ask(server, "DELETE", f"{path}?propagationPolicy=Background")
        if answer.status not in (OK, ACCEPTED, NOT_FOUND):
            return f"not deleted: {answer.status} {answer.message}"
        while answer.status != NOT_FOUND:
            answer = ask(server, "GET", path)
            if answer.status not in (OK, NOT_FOUND):
                return ""  # deleted, and we may not look
            if time.monotonic() > deadline:
                return f"deleted, but still there after {GONE_TIMEOUT:g} s"
            if answer.status == OK:
                time.sleep(POLL)
    except DeliveryError as error:
        return str(error)
    return ""


@contextlib.contextmanager
def _signals_heeded() -> Iterator[list[int]]:
    """Note Ctrl-C and SIGTERM instead of being torn out of a request, and heed them at the end of the block."""
    heard: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: heard.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield heard
    finally:
        for number, old in before.items():
            signal.signal(number, old)
    if heard:
        raise KeyboardInterrupt
