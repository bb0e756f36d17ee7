"""`Recorder`: the receiver that writes events to a file on this machine."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from k8s_audit.errors import ToolError
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values
from k8s_audit.receivers.recorder import Recorder


class RecorderInputs(ResourceInputs):
    """See `k8s_audit.Recorder`."""

    folder: str = Field(pattern="^/")
    receiver: str
    port: int
    tls: bool = False
    client_certificate_required: bool = False

    def recorder(self) -> Recorder:
        """The plain class that does it."""
        return Recorder(Path(self.folder), self.receiver, self.port, self.tls, self.client_certificate_required)


class RecorderResource:
    """An HTTP(S) server that takes audit events and writes one a line to a file."""

    name = "Recorder"
    inputs = RecorderInputs
    outputs: Mapping[str, str] = MappingProxyType(
        {
            "url": "string",
            "ca": "string",
            "clientCertificate": "string",
            "clientKey": "string",
            "events": "string",
            "running": "boolean",
        }
    )

    secrets = frozenset({"clientKey"})
    replaces = frozenset({"folder", "receiver"})

    def preview(self, inputs: RecorderInputs, old: Values | None) -> Values:
        """Certificates are made with the server, so they are unknown before, and stay while it stays."""
        recorder = inputs.recorder()
        known: Values = {"url": recorder.url, "events": str(recorder.events), "running": True}
        if not inputs.tls:
            return known | {"ca": "", "clientCertificate": "", "clientKey": ""}
        kept = ("ca", "clientCertificate", "clientKey")
        same = old and all(
            old.get(key) == inputs.values().get(key) for key in ("folder", "tls", "clientCertificateRequired")
        )
        return known | ({key: old[key] for key in kept if key in old} if same and old else {})

    def notice(self, news: Values, old: Values | None) -> str:
        """A preview knows all of it."""
        return ""

    def create(self, context: Context, name: str, inputs: RecorderInputs) -> tuple[str, Values]:
        """Start it."""
        inputs.recorder().create()
        return f"{inputs.folder}/{inputs.receiver}", self._outputs(inputs)

    def read(
        self, context: Context, id: str, inputs: RecorderInputs | None, old: Values
    ) -> Read[RecorderInputs] | None:
        """Whether it is there and runs."""
        if inputs is None:
            raise ToolError("a Recorder is not imported; `up` finds the one in its folder by itself")
        return Read(inputs, self._outputs(inputs)) if inputs.recorder().read() else None

    def stale(self, old: Values) -> list[str]:
        """Its process is gone, as after a reboot."""
        return [] if old.get("running") else ["running"]

    def update(self, context: Context, id: str, inputs: RecorderInputs, old: Values) -> Values:
        """Start it with other settings."""
        return self.create(context, "", inputs)[1]

    def delete(self, context: Context, id: str, old: Values) -> None:
        """End it; the events stay."""
        RecorderInputs(
            folder=old["folder"], receiver=old["receiver"], port=old["port"], tls=old.get("tls", False)
        ).recorder().delete()

    def _outputs(self, inputs: RecorderInputs) -> Values:
        recorder = inputs.recorder()
        status = recorder.read()
        endpoint = recorder.endpoint()
        return inputs.values() | {
            "url": endpoint.url,
            "ca": endpoint.ca or "",
            "clientCertificate": endpoint.client_certificate or "",
            "clientKey": endpoint.client_key or "",
            "events": str(recorder.events),
            "running": bool(status and status.running),
        }
