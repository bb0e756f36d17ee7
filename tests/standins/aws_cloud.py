"""AWS on this machine: a real moto server, with a fake of EKS in front, since moto's EKS lacks what we call.

The fake's rules are those of the API's documentation: logging is merged, a change of nothing is refused, one change at a time,
each takes a while (https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html). A cluster whose name
begins with `failing` fails its changes; its VPC is the one that its tag `vpc` names. moto itself is laxer than AWS: it applies no filter pattern and checks no right.
"""

import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.project import CHECKOUT

ACCOUNT = "123456789012"
"""moto's own."""
TAKES = 3
"""Seconds for which a change is under way."""
TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
ROUTE = re.compile(
    r"/clusters(?:/(?P<name>[^/]+)(?:/(?P<what>update-config|updates|pod-identity-associations)(?:/(?P<id>.+))?)?)?"
)
Answer = tuple[int, dict[str, Any]]


class RefusedError(Exception):
    """An answer of EKS that is an error.

    Args:
        status: HTTP's.
        code: EKS's name of it.
        text: for people.
    """

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code = status, code


class Eks:
    """The calls of EKS that we make, and those with which a test makes a cluster."""

    def __init__(self) -> None:
        self.clusters: dict[str, dict[str, Any]] = {}
        self.updates: dict[str, dict[str, Any]] = {}
        self.associations: dict[str, dict[str, Any]] = {}
        self.numbers = itertools.count(1)

    def answer(self, method: str, path: str, region: str, body: dict[str, Any]) -> Answer:
        route = ROUTE.fullmatch(path)
        if route is None:
            raise RefusedError(404, "NotFound", f"the stand-in for EKS serves no {path}")
        name, what, id = route["name"], route["what"], route["id"]
        if method == "POST" and name is None:
            return 200, {"cluster": self._create(body, region)}
        if name not in self.clusters:
            raise RefusedError(404, "ResourceNotFoundException", f"No cluster found for name: {name}.")
        cluster = self.clusters[name]
        if method == "GET" and what is None:
            return 200, {"cluster": self._told(cluster)}
        if method == "POST" and what == "update-config":
            return 200, {"update": self._shown(self._update(cluster, body["logging"]["clusterLogging"]))}
        if method == "GET" and what == "updates":
            return 200, {"update": self._shown(self.updates[id])}
        if what == "pod-identity-associations":
            return 200, self._association(method, name, id, body)
        raise RefusedError(404, "NotFound", f"the stand-in for EKS serves no {method} {path}")

    def _create(self, body: dict[str, Any], region: str) -> dict[str, Any]:
        name = body["name"]
        number = next(self.numbers)
        self.clusters[name] = {
            "name": name,
            "arn": f"arn:aws:eks:{region}:{ACCOUNT}:cluster/{name}",
            "endpoint": f"https://{number:032X}.gr7.{region}.eks.amazonaws.com",
            "identity": {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{number:032X}"}},
            "resourcesVpcConfig": {
                "vpcId": body.get("tags", {}).get("vpc", "vpc-00000000"),
                "clusterSecurityGroupId": (body["resourcesVpcConfig"].get("securityGroupIds") or ["sg-00000000"])[0],
                "subnetIds": body["resourcesVpcConfig"].get("subnetIds", []),
            },
            "types": set(),
            "busy": 0.0,
            "refused": 0,
            "version": "1.34",
            "roleArn": body["roleArn"],
        }
        return self._told(self.clusters[name])

    def _told(self, cluster: dict[str, Any]) -> dict[str, Any]:
        setups = [
            {"types": [name for name in TYPES if (name in cluster["types"]) == on], "enabled": on}
            for on in (True, False)
        ]
        status = "UPDATING" if cluster["busy"] > time.monotonic() else "ACTIVE"
        public = {key: value for key, value in cluster.items() if key not in ("types", "busy", "refused")}
        return public | {
            "status": status,
            "logging": {"clusterLogging": [setup for setup in setups if setup["types"]]},
        }

    def _update(self, cluster: dict[str, Any], setups: list[dict[str, Any]]) -> dict[str, Any]:
        # a name beginning with busy: after its first change the next two are refused, however long they take to come
        again = cluster["name"].startswith("busy") and bool(cluster["types"]) and cluster["refused"] < 2
        cluster["refused"] += again
        if again or cluster["busy"] > time.monotonic():
            raise RefusedError(
                409,
                "ResourceInUseException",
                f"Cannot LoggingUpdate because cluster {cluster['name']} currently has an update in progress",
            )
        wanted = set(cluster["types"])
        for setup in setups:
            wanted = wanted | set(setup["types"]) if setup["enabled"] else wanted - set(setup["types"])
        if wanted == cluster["types"]:
            raise RefusedError(400, "InvalidParameterException", "No changes needed for the logging config provided")
        cluster["busy"] = time.monotonic() + TAKES
        fails = cluster["name"].startswith("failing")
        if not fails:
            cluster["types"] = wanted
        id = f"update-{next(self.numbers)}"
        self.updates[id] = {"id": id, "type": "LoggingUpdate", "until": cluster["busy"], "fails": fails}
        return self.updates[id]

    def _shown(self, update: dict[str, Any]) -> dict[str, Any]:
        shown = {"id": update["id"], "type": update["type"], "status": "InProgress", "errors": []}
        if update["until"] <= time.monotonic():
            shown["status"] = "Failed" if update["fails"] else "Successful"
            if update["fails"]:
                shown["errors"] = [
                    {"errorCode": "AccessDenied", "errorMessage": "the cluster's role may not write logs"}
                ]
        return shown

    def _association(self, method: str, cluster: str, id: str | None, body: dict[str, Any]) -> dict[str, Any]:
        if method == "POST" and id is None:
            id = f"a-{next(self.numbers)}"
            self.associations[id] = {"clusterName": cluster, "associationId": id, **body}
        found = self.associations.get(id or "")
        if found is None:
            raise RefusedError(404, "ResourceNotFoundException", f"No association {id}")
        if method == "POST":
            found |= body
        if method == "DELETE":
            del self.associations[found["associationId"]]
        return {"association": found}


class Front:
    """WSGI: EKS's calls to the fake, all others to moto."""

    def __init__(self, moto: Callable[..., Iterable[bytes]]) -> None:
        self.moto, self.eks = moto, Eks()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/eks/", environ.get("HTTP_AUTHORIZATION", ""))
        if scope is None:
            return self.moto(environ, start)
        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = [("Content-Type", "application/json")]
        try:
            body = json.loads(text or b"{}")
            status, answer = self.eks.answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], scope[1], body)
        except RefusedError as error:
            status, answer = error.status, {"message": str(error)}
            headers.append(("x-amzn-ErrorType", error.code))
        start(f"{status} -", headers)
        return [json.dumps(answer).encode()]


@contextmanager
def running() -> Iterator[str]:
    """Run it in a process of its own; yields its URL. The end of its stdin ends it, whatever becomes of us."""
    command = [sys.executable, "-m", "tests.standins.aws_cloud"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"


def main() -> None:
    from threading import Thread

    from moto.server import DomainDispatcherApplication, create_backend_app  # type: ignore[attr-defined]
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """A line a request helps nobody."""

    front = Front(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
