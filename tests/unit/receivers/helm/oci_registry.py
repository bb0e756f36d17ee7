"""A registry that holds one chart, over TLS and for one user: what a pull asks of the OCI distribution API, and no more.

It stands in for a company's mirror: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pull
"""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYERS = {
    "config": "application/vnd.cncf.helm.config.v1+json",
    "chart": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
}
"""https://helm.sh/docs/topics/registries/#oci-feature-support"""
USER = base64.b64encode(b"ops:geheim").decode()


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


@contextmanager
def serving(archive: Path, version: str, certificates: Path) -> Iterator[str]:
    """Serve an archive as `mirror/<anything>`; yields the registry's `host:port`."""
    blobs = {digest(data): data for data in (b"{}", archive.read_bytes())}
    config, layer = (
        {"mediaType": kind, "digest": name, "size": len(blobs[name])}
        for kind, name in zip(LAYERS.values(), blobs, strict=True)
    )
    manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).encode()
    by_path = {f"/manifests/{name}": (manifest, MANIFEST) for name in (version, digest(manifest))}
    by_path |= {f"/blobs/{name}": (data, "application/octet-stream") for name, data in blobs.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(with_body=True)

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def answer(self, with_body: bool) -> None:
            found = next((each for path, each in by_path.items() if self.path.endswith(path)), None)
            data, kind = found or (b"", "text/plain")
            if self.headers.get("Authorization") != f"Basic {USER}":
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic realm=mirror")
                data = b""
            else:
                self.send_response(200 if found else 404)
                self.send_header("Docker-Content-Digest", digest(data))
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if with_body:
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
