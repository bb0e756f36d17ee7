"""One control-plane node as talosctl tells of it and changes it, and its API server; the configuration goes over stdin, since secrets are in it.

Commands: https://www.talos.dev/v1.11/reference/cli/. Files of the user's are written when a node boots, so a changed one is staged and the node
rebooted; all else is applied as it runs.
"""

import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Event

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit import kubernetes_yaml
from k8s_audit.command_line import CommandLineTool, Run
from k8s_audit.delivery.api_server_pods import OF_KUBEADM, mirror_pods
from k8s_audit.errors import ChangeError, HostError, K8sAuditError
from k8s_audit.kubernetes_api import Document, answered, client_settings
from k8s_audit.platforms.talos.machine_config import files_of

TALOSCTL = CommandLineTool(
    "talosctl",
    ("version", "--client"),
    oldest=(1, 5),
    newest=(1, 14),
    mend="https://www.talos.dev/latest/talos-guides/install/talosctl/ says how to get it",
)
READ_TIMEOUT = 60.0
"""Seconds."""
POLL = 1.0
"""Seconds between two looks at an API server."""
HASH = "kubernetes.io/config.hash"
"""The annotation of a mirror pod that changes with its static pod."""


@dataclass(frozen=True)
class TalosPlace:
    """Where a node is.

    Args:
        name: of the node, for messages.
        address: as `talosctl --nodes` takes it.
        api_server: the URL of its own API server.
        kubeconfig: path of one that may list pods in kube-system.
        talosconfig: path; empty: what talosctl itself finds.
        timeout: seconds for a reboot, and then for the API server.
    """

    name: str
    address: str
    api_server: str
    kubeconfig: str
    talosconfig: str = ""
    timeout: float = 600.0


class TalosNode:
    """One node.

    Args:
        place: where it is.
        stop: ends what is under way.
        say: is told what talosctl says.
        hidden: texts that are shown nowhere.
    """

    def __init__(
        self, place: TalosPlace, stop: Event, say: Callable[[str], None], hidden: Collection[str] = ()
    ) -> None:
        """Nothing is asked yet."""
        self.place, self.stop, self.say, self.hidden = place, stop, say, hidden

    def config(self) -> str:
        """Its machine configuration, all documents.

        Raises:
            ToolError, HostError: talosctl fails, or prints none.
        """
        TALOSCTL.version(self.say)
        printed = self._run(READ_TIMEOUT).output("get", "machineconfig", "v1alpha1", *self._at(), "-o", "yaml")
        try:
            spec = YAML(typ="safe", pure=True).load(printed)["spec"]
        except (YAMLError, ValueError, LookupError, TypeError):
            raise HostError(f"node {self.place.name}: talosctl prints no machine configuration") from None
        return str(spec) if isinstance(spec, str) else kubernetes_yaml.dump(spec)

    def judge(self, text: str) -> None:
        """Let Talos judge a configuration, with nothing changed.

        Raises:
            ToolError: it refuses it.
        """
        self._apply_config(text, "--mode=staged", "--dry-run")

    def check(self) -> None:
        """See that its API server answers, and that its pod is found.

        Raises:
            HostError: it is not.
        """
        try:
            self._pod()
        except HostError as error:
            raise HostError(f"its API server {self.place.api_server} {error}") from None

    def bring(self, before: str, after: str, arguments: Mapping[str, str]) -> None:
        """Apply a configuration and wait until the API server runs with it; otherwise the one before goes back.

        Args:
            before: what it has.
            after: what it shall have.
            arguments: flags that the API server has then; empty: any.

        Raises:
            ChangeError: it was applied, failed, and the old one is back, or the text says that it is not.
        """
        try:
            self._apply(before, after, arguments)
        except K8sAuditError as error:
            other = TalosNode(self.place, Event(), self.say, self.hidden)
            try:
                other._apply(after, before, {})
            except K8sAuditError as worse:
                raise ChangeError(
                    f"node {self.place.name}: {error}\nIts old configuration could not be put back: {worse}\nThe next `up` tries again,"
                    " `destroy` takes ours out"
                ) from None
            raise BackError(f"node {self.place.name}: {error}\nIts machine configuration is as it was before") from None

    def _apply(self, before: str, after: str, arguments: Mapping[str, str]) -> None:
        reboots = files_of(before) != files_of(after)
        mode = "staged" if reboots else "no-reboot"
        old = None if reboots else self._pod()
        self._apply_config(after, f"--mode={mode}")
        if reboots:
            self.say(f"node {self.place.name} reboots, since Talos writes files at boot alone")
            wait = f"{int(self.place.timeout)}s"
            self._run(self.place.timeout + READ_TIMEOUT).progress("reboot", *self._at(), "--wait", "--timeout", wait)
        self._await(arguments, old)

    def _apply_config(self, text: str, *options: str) -> None:
        """Without a word: talosctl shows the difference, and a secret may be in what it shows."""
        quiet = Run(TALOSCTL, READ_TIMEOUT, lambda _: None, self.stop, {}, self.hidden)
        quiet.output("apply-config", *self._at(), *options, "--file", "/dev/stdin", stdin=text)

    def _await(self, arguments: Mapping[str, str], old: "ApiServerPod | None") -> None:
        """Wait until the node's own API server answers, and its pod has some flags and is another one than before."""
        deadline = time.monotonic() + self.place.timeout
        while True:
            try:
                pod = self._pod()
                lacking = [name for name, value in arguments.items() if pod.arguments.get(name) != value]
                if pod.ready and not lacking and (old is None or pod.digest != old.digest):
                    return
                why = f"lacks --{lacking[0]}={arguments[lacking[0]]}" if lacking else "is not the new one, or not ready"
            except HostError as error:
                why = str(error)
            if self.stop.wait(POLL):
                raise HostError("was stopped")
            if time.monotonic() > deadline:
                raise HostError(f"its API server {self.place.api_server} {why}, for more than {self.place.timeout:g} s")

    def _pod(self) -> "ApiServerPod":
        """The pod of its API server, as that one itself tells.

        Raises:
            HostError: it does not answer, or shows none.
        """
        from kubernetes import client

        settings = client_settings(self.place.kubeconfig, HostError)
        settings.host, settings.proxy = self.place.api_server, None
        try:
            with client.ApiClient(settings) as api:
                pods = mirror_pods(api, OF_KUBEADM)
        except Exception as error:  # whatever urllib3 raises
            raise HostError(answered(error)) from None
        found = own_pod(pods, {self.place.address, self.place.name, *_addresses(self.place.address)})
        if found is None:
            raise HostError(
                f"shows no pod of kube-apiserver at {self.place.address}; set the node's name to the one that Kubernetes has for it"
            )
        return _read(found)

    def _run(self, timeout: float) -> Run:
        return Run(TALOSCTL, timeout, self.say, self.stop, {}, self.hidden)

    def _at(self) -> tuple[str, ...]:
        config = ("--talosconfig", self.place.talosconfig) if self.place.talosconfig else ()
        return ("--nodes", self.place.address, *config)


class BackError(ChangeError):
    """The change failed, and the node is as it was before."""


@dataclass(frozen=True)
class ApiServerPod:
    """A pod of kube-apiserver: its flags, whether it is ready, and what tells it from the one before."""

    arguments: dict[str, str]
    ready: bool
    digest: str


def own_pod(pods: Iterable[Document], names: Collection[str]) -> Document | None:
    """The pod that runs at a node; None: there is none.

    Args:
        pods: those of all API servers.
        names: what the node may be called: its addresses, and the name that Kubernetes has for it.
    """
    for pod in pods:
        status = pod.get("status", {})
        addresses = [one["ip"] for one in status.get("hostIPs") or []]
        if set(names) & {status.get("hostIP"), pod["spec"].get("nodeName"), *addresses}:
            return pod
    return None


def _addresses(name: str) -> set[str]:
    """The addresses that a name has here; none where it cannot be told."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(name, None)}
    except (OSError, UnicodeError):
        return set()


def _read(pod: Document) -> ApiServerPod:
    words = [word.lstrip("-").partition("=") for word in pod["spec"]["containers"][0].get("command") or []]
    conditions = pod.get("status", {}).get("conditions") or []
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
    return ApiServerPod(
        {name: value for name, _, value in words}, ready, (pod["metadata"].get("annotations") or {}).get(HASH, "")
    )
