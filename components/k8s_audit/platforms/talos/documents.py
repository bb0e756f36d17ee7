"""The documents of a Talos machine configuration, and where each of them keeps what is ours: the API server's flags, its audit policy, the webhook file.

Until Talos 1.13 all of it stands in the main document, under `cluster.apiServer`. From 1.14 on a document `KubeAPIServerConfig` may have the flags, and then
nothing may be under `cluster.apiServer`; it has no field for mounts, so the webhook file goes into the folder of the audit log, which Talos mounts. A
document `KubeAuditPolicyConfig` may have the policy. https://github.com/siderolabs/talos/tree/v1.14.1/pkg/machinery/config/types/k8s; the mount:
https://github.com/siderolabs/talos/blob/v1.14.1/internal/app/machined/pkg/controllers/k8s/internal/k8stemplates/apiserver.go
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit.errors import HostError

FOLDER = "/var/lib/k8s-audit"
"""Talos writes files of the user's below /var alone."""
WEBHOOK = f"{FOLDER}/webhook.yaml"
MOUNTED_WEBHOOK = "/var/log/audit/kube/k8s-audit-webhook.yaml"
"""Where `KubeAPIServerConfig` has the flags; no log file's name begins so, for the API server deletes its old ones."""
WEBHOOK_FLAG = "audit-webhook-config-file"
SERVER, POLICY = "KubeAPIServerConfig", "KubeAuditPolicyConfig"
VERSION = "v1alpha1"


@dataclass(frozen=True)
class Documents:
    """A machine configuration.

    Args:
        all: its documents in order.
        main: the one with `machine`.
        own_server: the document KubeAPIServerConfig; None: the main one has the flags.
    """

    all: list[Any]
    main: Any
    own_server: Any

    @property
    def webhook(self) -> str:
        """Where the webhook file goes."""
        return WEBHOOK if self.own_server is None else MOUNTED_WEBHOOK

    @property
    def server_place(self) -> str:
        """What has the flags, for messages."""
        return "cluster.apiServer" if self.own_server is None else f"document {SERVER}"

    @property
    def policy_place(self) -> str:
        """What has the policy, for messages."""
        return "cluster.apiServer.auditPolicy" if self._own_policy() is None else f"document {POLICY}"

    def server(self) -> Any:
        """What has the flags; made where it is missing."""
        return made(made(self.main, "cluster"), "apiServer") if self.own_server is None else self.own_server

    def placed(self, arguments: Mapping[str, str]) -> dict[str, str]:
        """Flags with the webhook file where it goes here."""
        return {name: self.webhook if name == WEBHOOK_FLAG else value for name, value in arguments.items()}

    def policy(self) -> Any:
        """The audit policy; None: there is none."""
        document = self._own_policy()
        if document is not None:
            return document.get("configuration")
        return ((self.main.get("cluster") or {}).get("apiServer") or {}).get("auditPolicy")

    def set_policy(self, policy: Any) -> None:
        """Set it; None takes it out."""
        document = self._own_policy()
        if document is None and self.own_server is None:
            server = self.server()
            server["auditPolicy"] = policy
            if policy is None:
                del server["auditPolicy"]
        elif policy is None:
            self.all[:] = [each for each in self.all if each is not document]
        elif document is None:
            self.all.append({"apiVersion": VERSION, "kind": POLICY, "configuration": policy})
        else:
            document["configuration"] = policy

    def _own_policy(self) -> Any:
        return _of_kind(self.all, POLICY)


def load(text: str) -> Documents:
    """A machine configuration.

    Raises:
        HostError: it is none of a control-plane node.
    """
    try:
        documents = [one for one in _yaml().load_all(text) if one is not None]
    except (YAMLError, ValueError) as error:
        raise HostError(f"the machine configuration is no YAML: {type(error).__name__}") from None
    main = next((one for one in documents if isinstance(one, dict) and "machine" in one and "kind" not in one), None)
    if main is None:
        raise HostError("the machine configuration has no document with `machine`")
    if main["machine"].get("type") not in ("controlplane", "init"):
        raise HostError(f"it is a node of type {main['machine'].get('type')}, and has no API server")
    for kind in (SERVER, POLICY):
        version = (_of_kind(documents, kind) or {}).get("apiVersion", VERSION)
        if version != VERSION:
            raise HostError(f"the machine configuration has a document {kind} of {version}; known is {VERSION}")
    return Documents(documents, main, _of_kind(documents, SERVER))


def dump(documents: Documents) -> str:
    """As text."""
    out = StringIO()
    yaml = _yaml()
    for number, document in enumerate(documents.all):
        if number:
            out.write("---\n")
        yaml.dump(document, out)
    return out.getvalue()


def made(parent: Any, key: str) -> Any:
    """A mapping in another one, made where it is missing."""
    if not parent.get(key):
        parent[key] = {}
    return parent[key]


def _of_kind(documents: list[Any], kind: str) -> Any:
    return next((one for one in documents if isinstance(one, dict) and one.get("kind") == kind), None)


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 65536
    yaml.indent(mapping=4, sequence=6, offset=4)  # as Talos writes it
    return yaml
