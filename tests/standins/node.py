"""In place of a node and of what runs a Deployment: the real Bento of a placed forwarder, and its log as a kubelet serves it.

kube-apiserver asks the kubelet of a pod's node for its log: GET /containerLogs/{namespace}/{pod}/{container} with sinceSeconds,
tailLines and timestamps (https://github.com/kubernetes/kubernetes/blob/v1.34.4/pkg/kubelet/server/server.go); a Node names the port of this one. The Deployment's pods are
made as its controller makes them, with the ConfigMap, Secrets and variables that it names. Other than there: the paths of mounted files and
the port of the metrics are of this machine, old pods go before new ones come, and nobody asks the kubelet's caller who it is.
"""

import base64
import json
import os
import re
import secrets
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from k8s_audit.delivery.forwarder.objects import PIPELINE_FILE, SECRETS_FOLDER
from k8s_audit.delivery.forwarder.pipeline_text import PORT
from tests.project import free_ports
from tests.standins.api_server import ApiServer, RefusedError
from tests.standins.certificates import Authority

LOGS = re.compile(r"/containerLogs/([^/]+)/([^/]+)/([^/]+)")
POLL = 0.3
"""Seconds."""
MERGE = "application/merge-patch+json"
NOW = {"gracePeriodSeconds": 0}
DEPLOYMENTS = "/apis/apps/v1/deployments"
LABEL = "app.kubernetes.io/name=k8s-audit-forwarder"
Object = dict[str, Any]


@dataclass
class Pod:
    """A pod that runs here."""

    path: str
    template: str
    process: subprocess.Popen[bytes]
    ended: bool = False
    lines: list[tuple[float, str]] = field(default_factory=list)

    def text(self, query: Mapping[str, list[str]]) -> str:
        since = time.time() - float(query.get("sinceSeconds", ["1e9"])[0])
        found = [(at, line) for at, line in self.lines if at >= since]
        if "tailLines" in query:
            found = found[-int(query["tailLines"][0]) :]
        stamped = query.get("timestamps") == ["true"]
        return "".join(f"{_stamp(at)} {line}\n" if stamped else f"{line}\n" for at, line in found)


class Node:
    """A context manager.

    Args:
        kubeconfig: of an administrator.
        environment: of each process beside what its pod says: where the cloud is, and who one is there.
        admit: changes a pod's spec before it is made, as a plugin of the API server would that is not there.
    """

    def __init__(
        self,
        kubeconfig: Path,
        environment: Mapping[str, str] | None = None,
        admit: Callable[[Object], None] = lambda spec: None,
    ) -> None:
        self.admit = admit
        self.api, self.environment = ApiServer(kubeconfig), dict(environment or {})
        self.name = f"node-{secrets.token_hex(4)}"
        self.pods: dict[tuple[str, str, int], Pod] = {}
        self.stop = Event()
        self.folder = Path(tempfile.mkdtemp(prefix="a node "))
        self.refusals: list[str] = []
        self.inlets: dict[int, int] = {}
        """Ports where pods take records, as their last one has them on this machine."""

    def __enter__(self) -> "Node":
        self.server = self._kubelet()
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.api.request("POST", "/api/v1/nodes", {"kind": "Node", "metadata": {"name": self.name}})
        endpoint = {"kubeletEndpoint": {"Port": self.server.server_port}}
        addresses = [{"type": "InternalIP", "address": "127.0.0.1"}]
        status = {"status": {"addresses": addresses, "daemonEndpoints": endpoint}}
        self.api.request("PATCH", f"/api/v1/nodes/{self.name}/status", status, MERGE)
        self.controller = Thread(target=self._control, daemon=True)
        self.controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.controller.join()
        for key in list(self.pods):
            self._end(key)
        self.api.request("DELETE", f"/api/v1/nodes/{self.name}")
        self.server.shutdown()
        self.server.server_close()

    def log(self) -> str:
        return "\n".join(line for pod in self.pods.values() for _, line in pod.lines) + "\n".join(self.refusals)

    def _control(self) -> None:
        while not self.stop.wait(POLL):
            with suppress(RefusedError):  # the API server may be restarted
                self._look()

    def _look(self) -> None:
        found = self.api.request("GET", DEPLOYMENTS, labelSelector=LABEL)["items"]
        wanted = {
            (each["metadata"]["namespace"], each["metadata"]["name"], number): each
            for each in found
            for number in range(each["spec"]["replicas"])
        }
        for key, pod in list(self.pods.items()):
            if key not in wanted or pod.template != _template(wanted[key]):
                self._end(key)
        for pod in self.pods.values():
            if pod.process.poll() is not None and not pod.ended:
                self._tell_end(pod)
        for key in wanted.keys() - self.pods.keys():
            try:
                self.pods[key] = self._start(wanted[key])
            except RefusedError as refusal:  # what it mounts may not be there yet
                self.refusals = [str(refusal)]

    def _start(self, deployment: Object) -> Pod:
        metadata, template = deployment["metadata"], deployment["spec"]["template"]
        namespace, name = metadata["namespace"], f"{metadata['name']}-{secrets.token_hex(4)}"
        inside = f"/api/v1/namespaces/{namespace}"
        (port,) = free_ports(1)
        spec = json.loads(json.dumps(template["spec"])) | {"nodeName": self.name}
        self.admit(spec)
        container = spec["containers"][0]
        environment = {each["name"]: self._value(inside, each) for each in container["env"]}
        text, files = self._mounted(inside, spec["volumes"], name)
        container["ports"][0]["containerPort"] = port
        for inlet in container["ports"][1:]:
            (self.inlets[inlet["containerPort"]],) = free_ports(1)
            text = text.replace(f"0.0.0.0:{inlet['containerPort']}", f"0.0.0.0:{self.inlets[inlet['containerPort']]}")
        made = {"metadata": {"name": name, "labels": template["metadata"]["labels"]}, "spec": spec}
        self.api.request("POST", f"{inside}/pods", {"kind": "Pod", "apiVersion": "v1", **made})
        pipeline = files / PIPELINE_FILE
        pipeline.write_text(text.replace(f":{PORT}", f":{port}").replace(SECRETS_FOLDER, str(files)))
        process = subprocess.Popen(
            ["bento", "-c", str(pipeline)],
            env={"PATH": os.environ["PATH"], "NO_PROXY": "*"} | environment | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        pod = Pod(f"{inside}/pods/{name}", _template(deployment), process)
        Thread(target=_follow, args=(pod,), daemon=True).start()
        ours = {"name": container["name"], "image": container["image"], "imageID": "", "restartCount": 0, "ready": True}
        running = {"state": {"running": {"startedAt": _stamp(time.time())}}, "lastState": {}}
        own = address()
        status = {
            "phase": "Running",
            "podIP": own,
            "podIPs": [{"ip": own}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [ours | running],
        }
        self.api.request("PATCH", f"{pod.path}/status", {"status": status}, MERGE)
        return pod

    def _tell_end(self, pod: Pod) -> None:
        """As a kubelet tells of a container that ends again and again; it is not started anew."""
        pod.ended = True
        status = self.api.request("GET", pod.path)["status"]
        (container,) = status["containerStatuses"]
        stamp = _stamp(time.time())
        code = {"exitCode": pod.process.returncode, "startedAt": stamp, "finishedAt": stamp}
        state = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": code}}
        status["containerStatuses"] = [container | state | {"ready": False}]
        status["conditions"] = [{"type": "Ready", "status": "False"}]
        self.api.request("PATCH", f"{pod.path}/status", {"status": status}, MERGE)

    def _end(self, key: tuple[str, str, int]) -> None:
        pod = self.pods.pop(key)
        pod.process.kill()
        pod.process.wait()
        with suppress(RefusedError):  # it went with its namespace
            self.api.request("DELETE", pod.path, NOW)

    def _mounted(self, inside: str, volumes: list[Object], name: str) -> tuple[str, Path]:
        """The pipeline's text, and the folder of the files of Secrets."""
        folder, text = self.folder / name, ""
        folder.mkdir()
        for volume in volumes:
            if "configMap" in volume:
                text = self.api.request("GET", f"{inside}/configmaps/{volume['configMap']['name']}")["data"][
                    PIPELINE_FILE
                ]
            else:
                held = self.api.request("GET", f"{inside}/secrets/{volume['secret']['secretName']}")["data"]
                for file, content in held.items():
                    (folder / file).write_bytes(base64.b64decode(content))
        return text, folder

    def _value(self, inside: str, variable: Object) -> str:
        if "value" in variable:
            return str(variable["value"])
        wanted = variable["valueFrom"]["secretKeyRef"]
        held = self.api.request("GET", f"{inside}/secrets/{wanted['name']}")["data"]
        return base64.b64decode(held[wanted["key"]]).decode()

    def _kubelet(self) -> ThreadingHTTPServer:
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                asked = LOGS.fullmatch(url.path)
                path = f"/api/v1/namespaces/{asked[1]}/pods/{asked[2]}" if asked else ""
                pods = [pod for pod in node.pods.values() if pod.path == path]
                body = pods[0].text(parse_qs(url.query)).encode() if pods else b"no such container"
                self.send_response(200 if pods else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", free_ports(1)[0]), Handler)
        pair = Authority().pair("127.0.0.1")
        file = self.folder / "kubelet.pem"
        file.write_text(pair.key + pair.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        return server


def _follow(pod: Pod) -> None:
    assert pod.process.stdout
    for line in pod.process.stdout:
        pod.lines.append((time.time(), line.decode("utf-8", "replace").rstrip("\n")))


def _template(deployment: Object) -> str:
    return json.dumps(deployment["spec"]["template"], sort_keys=True)


def _stamp(at: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{whole}.{int(at % 1 * 1e9):09d}Z"


def address() -> str:
    """An address of this machine that an API server lets itself be led to: no loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        found: str = probe.getsockname()[0]
        return found
