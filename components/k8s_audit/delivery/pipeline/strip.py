"""An event about an object that holds credentials goes on at level Metadata: who did what to which one, and no body.

For a cloud whose own policy records these bodies. Which objects those are, each profile of our audit policies says with its first rule
(audit_policy/profiles); a test holds both together.
"""

import json

from k8s_audit.delivery.pipeline.filter import RESOURCE

HELD = ("/secrets", "/serviceaccounts/token", "authentication.k8s.io/tokenreviews")
"""API group and resource, by `/`, and its subresource."""
BODIES = ("requestObject", "responseObject")
"""https://pkg.go.dev/k8s.io/apiserver/pkg/apis/audit/v1#Event"""
MAPPING = """
let event = this
let about = $event.objectRef.apiGroup.or("") + "/" + {resource}
root = if $event.type() == "object" && {held}.contains($about) {{ $event.without({bodies}).assign({{"level": "Metadata"}}) }}
""".strip()


def strip_bodies() -> str:
    """A mapping of one event; where it fails, the event is none that goes on."""
    return MAPPING.format(held=json.dumps(HELD), resource=RESOURCE, bodies=", ".join(f'"{name}"' for name in BODIES))
