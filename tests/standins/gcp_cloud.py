"""Google Cloud on this machine, as far as the product asks it: a small real server of the documented REST APIs.

Served: policies of projects, topics, subscriptions, keys and service accounts, with etags (Resource Manager v1, Pub/Sub v1, Cloud KMS v1, IAM
v1), sinks (Logging v2), firewall rules (Compute v1), service accounts and keys (IAM v1), clusters (GKE v1). Pub/Sub's topics and
messages themselves are on Google's own pstest. It is laxer than Google: it checks no right, applies no sink's filter, and does all at once.
https://cloud.google.com/apis/docs/overview
"""

import base64
import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.project import CHECKOUT
from tests.standins import local_service

Body = dict[str, Any]
REGIONS = ("europe-west1", "us-central1", "asia-east1")
"""All that there are."""
PROJECT = r"projects/(?P<project>[^/]+)"


class RefusedError(Exception):
    """An answer that is an error.

    Args:
        code: HTTP's.
        status: Google's name of it.
        text: for people.
    """

    def __init__(self, code: int, status: str, text: str) -> None:
        super().__init__(text)
        self.code, self.status = code, status


@dataclass
class Project:
    """All that lies in one project; each thing by its whole name."""

    number: str
    things: dict[str, Body] = field(default_factory=dict)
    policies: dict[str, Body] = field(default_factory=dict)
    busy: int = 0
    """How many more changes of the project's policy somebody else is faster with."""


class Cloud:
    """Projects come to be when they are first named; one that begins with `nowhere` never does."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}
        self.numbers = itertools.count(100_000_000_001)
        self.etags = itertools.count(1)
        self.lock = Lock()
        self.routes: list[tuple[str, re.Pattern[str], Callable[..., Body]]] = [
            (method, re.compile(pattern), answer)
            for method, pattern, answer in (
                ("POST", r"(?P<name>.+):getIamPolicy", self._policy),
                ("GET", r"(?P<name>.+):getIamPolicy", self._policy),
                ("POST", r"(?P<name>.+):setIamPolicy", self._set_policy),
                ("GET", PROJECT, self._told),
                ("POST", rf"{PROJECT}/(?P<kind>sinks)", self._create_sink),
                ("POST", rf"{PROJECT}/(?P<kind>serviceAccounts)", self._create_account),
                ("POST", rf"{PROJECT}/serviceAccounts/(?P<email>[^/]+)/keys", self._create_key),
                ("POST", rf"{PROJECT}/(?P<kind>global/firewalls|locations/[^/]+/clusters)", self._create),
                ("GET", rf"{PROJECT}/(?P<kind>sinks|global/firewalls|serviceAccounts)", self._list),
                ("GET", rf"{PROJECT}/(?P<rest>.+)", self._get),
                ("PATCH", rf"{PROJECT}/(?P<rest>.+)", self._change),
                ("PUT", rf"{PROJECT}/(?P<rest>.+)", self._change),
                ("DELETE", rf"{PROJECT}/(?P<rest>.+)", self._delete),
                ("POST", rf"{PROJECT}:busy", self._busy),
            )
        ]

    def answer(self, method: str, path: str, query: dict[str, str], body: Body) -> Body:
        with self.lock:
            for wanted, pattern, answer in self.routes:
                if wanted == method and (found := pattern.fullmatch(path)):
                    groups = found.groupdict()
                    if "name" in groups:
                        groups["project"] = groups["name"].split("/")[1]
                    project = self._project(groups.pop("project"))
                    return answer(project, **groups, query=query, body=body, path=path)
        raise RefusedError(404, "NOT_FOUND", f"the stand-in for Google Cloud serves no {method} {path}")

    def _project(self, id: str) -> Project:
        if id.startswith("nowhere"):
            raise RefusedError(403, "PERMISSION_DENIED", f"The caller does not have permission on project {id}")
        if id not in self.projects:
            self.projects[id] = Project(str(next(self.numbers)))
        return self.projects[id]

    def _told(self, project: Project, path: str, **_: Any) -> Body:
        return {"projectId": path.rpartition("/")[2], "projectNumber": project.number, "lifecycleState": "ACTIVE"}

    def _busy(self, project: Project, body: Body, **_: Any) -> Body:
        project.busy = body["times"]
        return {}

    def _policy(self, project: Project, name: str, **_: Any) -> Body:
        return project.policies.setdefault(name, {"version": 1, "etag": self._etag(), "bindings": []})

    def _set_policy(self, project: Project, name: str, body: Body, **_: Any) -> Body:
        """Of what the mask names alone; a policy that has changed since its etag is refused."""
        old = self._policy(project, name)
        if project.busy and re.fullmatch(PROJECT, name):
            project.busy -= 1
            old["etag"] = self._etag()
        if body["policy"].get("etag") != old["etag"]:
            text = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
            raise RefusedError(409, "ABORTED", text)
        masked = body.get("updateMask", "bindings,etag").split(",")
        changed = {key: body["policy"].get(key, []) for key in ("bindings", "auditConfigs") if key in masked}
        project.policies[name] = old | changed | {"etag": self._etag()}
        return project.policies[name]

    def _etag(self) -> str:
        return base64.b64encode(f"etag-{next(self.etags)}".encode()).decode()

    def _create(self, project: Project, kind: str, body: Body, path: str, **_: Any) -> Body:
        return self._keep(project, f"{path}/{body['name']}", body)

    def _create_sink(self, project: Project, body: Body, path: str, **_: Any) -> Body:
        number = f"service-{project.number}@gcp-sa-logging.iam.gserviceaccount.com"
        return self._keep(project, f"{path}/{body['name']}", body | {"writerIdentity": f"serviceAccount:{number}"})

    def _create_account(self, project: Project, body: Body, path: str, **_: Any) -> Body:
        email = f"{body['accountId']}@{path.split('/')[1]}.iam.gserviceaccount.com"
        told = {"email": email, "name": f"{path}/{email}", "uniqueId": str(next(self.numbers))}
        return self._keep(project, told["name"], body["serviceAccount"] | told)

    def _create_key(self, project: Project, email: str, path: str, **_: Any) -> Body:
        name = f"{path}/{next(self.numbers)}"
        private = json.dumps({"type": "service_account", "client_email": email, "private_key": f"PEM of {name}"})
        return self._keep(project, name, {"name": name, "privateKeyData": base64.b64encode(private.encode()).decode()})

    def _keep(self, project: Project, name: str, body: Body) -> Body:
        if name in project.things:
            raise RefusedError(409, "ALREADY_EXISTS", f"{name} already exists")
        project.things[name] = body
        return body

    def _list(self, project: Project, kind: str, query: dict[str, str], path: str, **_: Any) -> Body:
        found = [thing for name, thing in project.things.items() if name.rpartition("/")[0] == path]
        if wanted := re.fullmatch(r'name eq "(.+)"', query.get("filter", "")):
            found = [thing for thing in found if re.fullmatch(wanted[1], thing["name"])]
        key = {"sinks": "sinks", "serviceAccounts": "accounts"}.get(kind, "items")
        return {key: found} if found else {}

    def _get(self, project: Project, path: str, **_: Any) -> Body:
        if path not in project.things:
            raise RefusedError(404, "NOT_FOUND", f"{path} was not found")
        return project.things[path]

    def _change(self, project: Project, body: Body, path: str, **_: Any) -> Body:
        project.things[path] = self._get(project, path) | body
        return project.things[path]

    def _delete(self, project: Project, path: str, **_: Any) -> Body:
        self._get(project, path)
        project.things = {
            name: thing for name, thing in project.things.items() if name != path and not name.startswith(f"{path}/")
        }
        project.policies.pop(path, None)
        return {}


class Handler(BaseHTTPRequestHandler):
    """One request; `/<API>/<version>/` before its path is of no account."""

    cloud = Cloud()

    def _serve(self) -> None:
        url = urlsplit(self.path)
        path = re.sub(r"^/(compute/)?v[12]/", "", unquote(url.path))
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if not self.headers.get("Authorization", "").startswith("Bearer "):
                raise RefusedError(401, "UNAUTHENTICATED", "Request is missing required authentication credential.")
            code, body = (
                200,
                self.cloud.answer(self.command, path, dict(parse_qsl(url.query)), json.loads(text or b"{}")),
            )
        except RefusedError as error:
            code, body = error.code, {"error": {"code": error.code, "status": error.status, "message": str(error)}}
        answer = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *arguments: Any) -> None:
        """A line a request helps nobody."""


@contextmanager
def running() -> Iterator[str]:
    """Run it in a process of its own; yields its URL."""
    with local_service.running(sys.executable, "-m", "tests.standins.gcp_cloud", PYTHONPATH=str(CHECKOUT)) as address:
        yield f"http://{address}"


def variables(url: str) -> dict[str, str]:
    """What tells Pulumi's provider, and ours, where Google Cloud is, and as whom to ask."""
    return {
        "GOOGLE_OAUTH_ACCESS_TOKEN": "a-token-of-the-tests",
        "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT": f"{url}/v1/",
        "GOOGLE_COMPUTE_CUSTOM_ENDPOINT": f"{url}/compute/v1/",
        "GOOGLE_LOGGING_CUSTOM_ENDPOINT": f"{url}/v2/",
    }


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
