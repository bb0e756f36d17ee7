"""A stand-in for Pulumi's Kubernetes plugin (pulumi-kubernetes 4.34), whose executable cannot be had offline.

It does the real thing: objects on a real kube-apiserver, releases by the real `helm`. The engine is attached to it by
PULUMI_DEBUG_PROVIDERS=kubernetes:PORT. As the plugin it creates plainly (what exists is an error), updates by server-side apply,
previews by the API server's dry run, names what has no name, replaces Secrets and ConfigMaps whose data changes, and marks
secrets. It differs in this: unknown fields are errors, where the plugin's create and apply only warn; it waits for no
readiness; quantities are not normalised before a comparison (write 500m, not 0.5); it deletes in the background and plays
the namespace controller; `read` hides managedFields; a change in a list's length by hand is seen. Not served, and refused by
name: Patch resources, charts, YAML and other components, invokes, most options of the provider and some of a Release.
"""

import functools
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from tests.standins.api_server import ApiServer, RefusedError, UnreachableError
from tests.standins.helm_releases import PartialError, Releases
from tests.standins.kubernetes_objects import Objects
from tests.standins.property_values import decode, differences, encode, mark, plain, written

CHECKOUT = Path(__file__).parents[2]
OPTIONS = {"kubeconfig", "namespace", "clusterIdentifier", "version", "pluginDownloadURL"}
OPTIONS |= {"suppressDeprecationWarnings", "suppressHelmHookWarnings"}
RELEASE = "kubernetes:helm.sh/v3:Release"


@dataclass
class Cluster:
    """What one provider of a stack is configured with."""

    api: ApiServer | None
    unreachable: str
    releases: Releases

    def served(self, token: str) -> Objects | Releases:
        if token == RELEASE:
            return self.releases
        _, api_version, kind = token.split(":")
        namespace = self.releases.default_namespace
        return Objects(self.api, self.unreachable, api_version.removeprefix("core/"), kind, namespace)


def served(method: Callable[..., Any]) -> Callable[..., Any]:
    """Errors are one line for the user."""

    @functools.wraps(method)
    def run(self: Any, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except PartialError as error:
            given = decode(request.news if hasattr(request, "news") else request.properties)
            properties = encode(mark(error.outputs, given))
            failed = proto.ErrorResourceInitFailed(id=error.id, properties=properties, reasons=[str(error)])
            packed = any_pb2.Any()
            packed.Pack(failed)
            status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[packed])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except RefusedError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]  # the message may hold a secret
            text = f"a fault in the stand-in: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
            context.abort(grpc.StatusCode.INTERNAL, text)

    return run


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One process for any number of stacks and providers: each provider of the engine has a connection of its own.

    Args:
        folder: for Helm's own files and for kubeconfigs that come as contents.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clusters: dict[str, Cluster] = {}

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return proto.PluginInfo(version="4.34.2")

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    @served
    def CheckConfig(self, request: Any, context: Any) -> Any:
        unserved = decode(request.news).keys() - OPTIONS
        if unserved:
            raise RefusedError(f"the stand-in does not serve {', '.join(sorted(unserved))} of the Kubernetes provider")
        return proto.CheckResponse(inputs=request.news)

    @served
    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = plain(decode(request.old_inputs or request.olds)), plain(decode(request.news))
        diffs = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        named = old.get("clusterIdentifier") and new.get("clusterIdentifier")
        decides = "clusterIdentifier" if named else "kubeconfig"
        some = proto.DiffResponse.DIFF_SOME if diffs else proto.DiffResponse.DIFF_NONE
        return proto.DiffResponse(changes=some, diffs=diffs, replaces=[decides] if decides in diffs else [])

    @served
    def Configure(self, request: Any, context: Any) -> Any:
        options = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        api, why = None, "no kubeconfig given, and the stand-in takes none from its surroundings"
        path = self._path(options.get("kubeconfig", ""))
        if "kubeconfig" in options:
            try:
                api = ApiServer(path)
            except UnreachableError as error:
                why = str(error)
        releases = Releases(path, self.folder / "helm", options.get("namespace") or "default")
        self.clusters[context.peer()] = Cluster(api, why, releases)
        return proto.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @served
    def Check(self, request: Any, context: Any) -> Any:
        given = decode(request.news)
        name = request.urn.rpartition("::")[2]
        checked = self._served(request, context).check(name, plain(decode(request.olds)), plain(given))
        return proto.CheckResponse(inputs=encode(mark(checked, given)))

    @served
    def Diff(self, request: Any, context: Any) -> Any:
        kind = self._served(request, context)
        olds, news = plain(decode(request.olds)), plain(decode(request.news))
        found = {}
        for path, change in differences(olds, news, plain(decode(request.old_inputs))):
            text = written(path)
            if not any(text == each or text.startswith((f"{each}.", f"{each}[")) for each in request.ignoreChanges):
                anew = any(path[: len(field)] == field or field[: len(path)] == path for field in kind.replaces)
                found[text] = f"{change}_REPLACE" if anew else change
        replaces = [text for text, change in found.items() if change.endswith("_REPLACE")]
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if found else proto.DiffResponse.DIFF_NONE,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and kind.deletes_first(olds, news),
            detailedDiff={
                text: proto.PropertyDiff(kind=proto.PropertyDiff.Kind.Value(change)) for text, change in found.items()
            },
            hasDetailedDiff=True,
        )

    @served
    def Create(self, request: Any, context: Any) -> Any:
        given = decode(request.properties)
        id, outputs = self._served(request, context).create(plain(given), request.preview)
        return proto.CreateResponse(id=id, properties=encode(mark(outputs, given)))

    @served
    def Update(self, request: Any, context: Any) -> Any:
        given, olds = decode(request.news), plain(decode(request.olds))
        outputs = self._served(request, context).update(request.id, olds, plain(given), request.preview)
        return proto.UpdateResponse(properties=encode(mark(outputs, given)))

    @served
    def Read(self, request: Any, context: Any) -> Any:
        given, olds = decode(request.inputs), plain(decode(request.properties))
        found = self._served(request, context).read(request.id, plain(given), olds)
        if found is None:
            return proto.ReadResponse()
        id, inputs, outputs = found
        return proto.ReadResponse(id=id, inputs=encode(mark(inputs, given)), properties=encode(mark(outputs, given)))

    @served
    def Delete(self, request: Any, context: Any) -> Any:
        olds = plain(decode(request.properties))
        self._served(request, context).delete(request.id, olds, request.timeout)
        return empty_pb2.Empty()

    def _path(self, kubeconfig: str) -> Path:
        """A kubeconfig is a path or the contents, which go into a file that its owner alone can read."""
        if "\n" not in kubeconfig and not kubeconfig.startswith("{"):
            return Path(kubeconfig).expanduser()
        handle, name = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w") as file:
            file.write(kubeconfig)
        return Path(name)

    def _served(self, request: Any, context: Any) -> Objects | Releases:
        token = request.urn.split("::")[2].rpartition("$")[2]
        return self.clusters[context.peer()].served(token)


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(self: Any, request: Any, context: Any) -> Any:
        wanted = getattr(request, "tok", "") or getattr(request, "type", "")
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED, f"the stand-in for the Kubernetes plugin serves no {name} {wanted}"
        )

    return refuse


for _name in vars(provider_pb2_grpc.ResourceProviderServicer):
    if _name[0].isupper() and _name not in vars(Plugin):
        setattr(Plugin, _name, _refusal(_name))


@contextmanager
def attached() -> Iterator[str]:
    """Run one in a process of its own, to be used by many stacks; yields what their PULUMI_DEBUG_PROVIDERS says.

    The end of its stdin ends it, so that it does not outlive us, whatever becomes of us.
    """
    command = [sys.executable, "-m", "tests.standins.kubernetes_plugin"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"kubernetes:{process.stdout.readline().strip()}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = grpc.server(ThreadPoolExecutor(16), options=_GRPC_CHANNEL_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(Path(folder)), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        print(port, flush=True)
        sys.stdin.read()
        server.stop(0)


if __name__ == "__main__":
    main()
