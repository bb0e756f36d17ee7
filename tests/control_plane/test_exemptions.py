"""Each exemption of `detection`, on a real API server with real credentials: what it exempts makes no event, and the
same identity with another verb, resource, object or namespace is seen.

The identities have tokens of their own: the API server judges an impersonated request by who impersonates.
"""

import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from k8s_audit.audit_policy.evaluate import Request, evaluate
from k8s_audit.audit_policy.model import Level, PolicyRule
from k8s_audit.audit_policy.render import load_profile
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.recorder import Recorder

POLICY = load_profile("detection")
EXEMPTIONS = [(index, rule) for index, rule in enumerate(POLICY.rules) if rule.level is Level.NONE]
METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
COLLECTIONS = ("create", "list", "watch")


def identities(rule: PolicyRule) -> list[tuple[str, tuple[str, ...]]]:
    """User and groups of each identity that a rule names."""
    users: list[tuple[str, tuple[str, ...]]] = [(user, ()) for user in rule.users]
    return users + [(f"{group}:one".replace("nodes", "node"), (group,)) for group in rule.user_groups]


def exempt(rule: PolicyRule) -> list[Request]:
    """A request for each identity, resource and verb that a rule exempts."""
    requests = []
    for user, groups in identities(rule):
        for url in rule.non_resource_urls:
            requests += [Request(user, verb, groups=groups, path=url) for verb in rule.verbs]
        targets = [
            (entry.group, resource, (entry.resource_names or ["one"])[0])
            for entry in rule.resources
            for resource in entry.resources
        ]
        if not rule.resources and not rule.non_resource_urls:
            targets = [("", "configmaps", "one"), ("apps", "deployments", "one")]
        for group, resource, name in targets:
            whole, _, sub = resource.partition("/")
            namespace = rule.namespaces[0] if rule.namespaces else "default"
            for verb in rule.verbs:
                requests.append(Request(user, verb, whole, groups, group, sub, namespace, name))
    return requests


def others(rule: PolicyRule, request: Request) -> list[Request]:
    """The same identity with another verb, resource, object or namespace."""
    who = (request.user, request.groups)
    found = [Request(who[0], "get", "secrets", who[1], namespace="default", name="one")]
    if request.path:
        return [
            *found,
            Request(who[0], "get", groups=who[1], path="/metrics"),
            Request(*who[:1], "post", groups=who[1], path=request.path),
        ]
    place = (request.resource, who[1], request.group, request.subresource, request.namespace, request.name)
    found += [Request(who[0], "delete", *place)]
    if rule.namespaces:
        found += [Request(who[0], request.verb, *place[:4], "elsewhere", request.name)]
    if any(entry.resource_names for entry in rule.resources):
        found += [Request(who[0], request.verb, *place[:5], "another")]
    return found


def url(request: Request) -> str:
    if request.path:
        return request.path
    api = f"/apis/{request.group}/v1" if request.group else "/api/v1"
    namespace = "" if request.resource in ("nodes", "namespaces") else f"/namespaces/{request.namespace}"
    name = "" if request.verb in COLLECTIONS and not request.subresource else f"/{request.name}"
    return api + namespace + f"/{request.resource}{name}" + (f"/{request.subresource}" if request.subresource else "")


def send(client: httpx.Client, request: Request) -> str:
    """Send a request as its identity; return its auditID. What the API server answers does not matter."""
    headers = {} if request.user == "system:anonymous" else {"Authorization": f"Bearer {token(request.user)}"}
    method = METHODS.get(request.verb, "POST" if request.verb == "post" else "GET")
    content_type = "application/merge-patch+json" if request.verb == "patch" else "application/json"
    answer = client.request(
        method,
        url(request),
        params={"watch": "1", "timeoutSeconds": "1"} if request.verb == "watch" else {},
        headers=headers | {"Content-Type": content_type},
        content="{}" if method != "GET" else None,
    )
    return str(answer.headers["Audit-Id"])


def token(user: str) -> str:
    return "token-of-" + user.replace(":", "-")


@pytest.fixture
def client(audited: Any, cluster: LocalCluster) -> Iterator[httpx.Client]:
    """The API server with `detection`, and a token for each identity that it exempts."""
    tokens = cluster.folder / "tokens"
    tokens.mkdir(exist_ok=True)
    rows = {(user, groups) for _, rule in EXEMPTIONS for user, groups in identities(rule) if "anonymous" not in user}
    lines = [
        f'{token(user)},{user},{number},"{",".join(groups)}"\n' for number, (user, groups) in enumerate(sorted(rows))
    ]
    (tokens / "tokens.csv").write_text("".join(lines))
    before = audited.manifest.read_bytes()
    manifest = before.decode().replace(
        "    - kube-apiserver\n", f"    - kube-apiserver\n    - --token-auth-file={tokens}/tokens.csv\n"
    )
    manifest = manifest.replace(
        "    volumeMounts:\n", f"    volumeMounts:\n    - mountPath: {tokens}\n      name: tokens\n"
    )
    manifest = manifest.replace(
        "  volumes:\n", f"  volumes:\n  - hostPath:\n      path: {tokens}\n      type: Directory\n    name: tokens\n"
    )
    staged = cluster.folder / "staged"
    staged.write_text(manifest)
    staged.rename(audited.manifest)
    cluster.create()
    audited.change().apply(audited.setup)
    context = ssl.create_default_context(cafile=cluster.folder / "pki" / "ca.crt")
    with httpx.Client(base_url=cluster.api_server, verify=context, trust_env=False) as made:
        yield made
    audited.change().restore()
    staged.write_bytes(before)
    staged.rename(audited.manifest)
    cluster.create()


def recorded(recorder: Recorder, last: str) -> set[str]:
    """The auditIDs that came, once the last one has."""
    deadline = time.monotonic() + 20
    index = Path(recorder.events).with_suffix(".index.jsonl")
    while True:
        ids = {json.loads(line)["auditID"] for line in index.read_text().splitlines()}
        if last in ids:
            return ids
        assert time.monotonic() < deadline, "the last event did not come"
        time.sleep(0.2)


def test_each_exemption_is_free_and_as_narrow_as_it_says(client: httpx.Client, recorder: Recorder) -> None:
    sent: list[tuple[int, Request, str]] = []
    for index, rule in EXEMPTIONS:
        samples = exempt(rule)
        counters = [other for sample in samples for other in others(rule, sample)]
        assert samples
        assert all(evaluate(POLICY, sample).level is Level.NONE for sample in samples), f"rules[{index}]"
        for kind in ("delete", "get secrets"):
            verb, _, resource = kind.partition(" ")
            seen = [c for c in counters if c.verb == verb and (not resource or c.resource == resource)]
            assert seen or rule.non_resource_urls
            assert all(evaluate(POLICY, c).level is not Level.NONE for c in seen), f"rules[{index}]: {kind}"
        writes = [c for c in counters if c.verb not in ("get", "list", "watch")]
        narrowed = [c for c in writes if c.namespace == "elsewhere" or c.name == "another"]
        assert all(evaluate(POLICY, c).level is not Level.NONE for c in narrowed), f"rules[{index}]"
        for request in dict.fromkeys([*samples, *counters]):
            sent.append((index, request, send(client, request)))
    last = send(client, Request("system:kube-scheduler", "get", "secrets", namespace="default", name="the-last"))
    came = recorded(recorder, last)
    wrong = [
        f"rules[{index}]: {request} {'made an event' if audit_id in came else 'made no event'}"
        for index, request, audit_id in sent
        if (evaluate(POLICY, request).level is Level.NONE) == (audit_id in came)
    ]
    assert not wrong, "\n".join(wrong)
    assert len(sent) > 100
