"""Records that a collector, or an API server, POSTs by HTTPS: https://warpstreamlabs.github.io/bento/docs/components/inputs/http_server.

A POST is answered 200 once the receiver has its events, else 502: the collector keeps what it sent, and sends it again. A collector of
OpenShift's (vector) takes 408 for final, as all of 4xx but 429, and so is never given one: it ends a POST before we do.
https://github.com/vectordotdev/vector/blob/master/src/sinks/util/http.rs. An API server ends a POST after 30 s, and makes it again after any answer but 2xx:
https://github.com/kubernetes/kubernetes/blob/v1.34.4/staging/src/k8s.io/apiserver/plugin/pkg/audit/webhook/webhook.go
"""

from typing import Any

from k8s_audit.delivery.pipeline.model import HttpSource

ASKED = 60
"""Seconds after which a collector shall give up a POST and send it again."""
TIMEOUT = "180s"
"""Of Bento's own; longer than the collector's."""


def http_input(source: HttpSource) -> dict[str, Any]:
    """The `input`."""
    return {
        "http_server": {
            "address": f"0.0.0.0:{source.port}",
            "path": source.path,
            "ws_path": "",
            "allowed_verbs": ["POST"],
            "timeout": TIMEOUT,
            "cert_file": source.certificate_file,
            "key_file": source.key_file,
        }
    }
