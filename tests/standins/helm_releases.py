"""Helm releases as the plugin's resource `kubernetes:helm.sh/v3:Release`, through the real `helm` executable.

What the real plugin does with Helm's library:
https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/helm_release.go
"""

import json
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.standins.api_server import RefusedError
from tests.standins.property_values import Values, holds_unknown

TIMEOUT = 300
"""Seconds that Helm waits, hooks included, if the program names no timeout."""
CHART = {"version": "--version", "devel": "--devel"}
REPOSITORY = {"repo": "--repo", "caFile": "--ca-file", "certFile": "--cert-file", "keyFile": "--key-file"}
BOTH = {"atomic": "--atomic", "dependencyUpdate": "--dependency-update", "takeOwnership": "--take-ownership"}
INSTALL = {"createNamespace": "--create-namespace", "disableWebhooks": "--no-hooks", "skipCrds": "--skip-crds"}
UPGRADE = {
    "cleanupOnFail": "--cleanup-on-fail",
    "disableCRDHooks": "--no-hooks",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
}
OWN = {"chart", "maxHistory", "name", "namespace", "repositoryOpts", "skipAwait", "timeout", "values"}
SERVED = CHART.keys() | BOTH.keys() | INSTALL.keys() | UPGRADE.keys() | OWN


class PartialError(RefusedError):
    """It is there, and not as it should be."""

    def __init__(self, id: str, outputs: Values, message: str) -> None:
        self.id, self.outputs = id, outputs
        super().__init__(message)


@dataclass
class Releases:
    """The releases of one cluster.

    Args:
        kubeconfig: the path of one.
        home: for Helm's own caches and configuration.
        default_namespace: for releases that name none.
    """

    kubeconfig: Path
    home: Path
    default_namespace: str
    replaces = (("name",), ("namespace",))

    def check(self, name: str, olds: Values, news: Values) -> Values:
        made = {k: v for k, v in news.items() if v is not None and v is not False and k != "compat"}
        unserved = made.keys() - SERVED | made.get("repositoryOpts", {}).keys() - REPOSITORY.keys()
        if unserved:
            raise RefusedError(f"the stand-in does not serve {', '.join(sorted(unserved))} of a Release")
        if str(made["chart"]).startswith("."):
            raise RefusedError(f"the stand-in runs elsewhere: give the chart {made['chart']} by an absolute path")
        made["name"] = made.get("name") or olds.get("name") or f"{name}-{secrets.token_hex(4)}"
        made["namespace"] = made.get("namespace") or self.default_namespace
        if not made.get("skipAwait"):
            made.setdefault("timeout", TIMEOUT)
        if not holds_unknown(news):
            made["version"] = yaml.safe_load(self._helm("show", "chart", *_chart(made)))["version"]
        return made

    def deletes_first(self, olds: Values, news: Values) -> bool:
        return False

    def create(self, news: Values, preview: bool) -> tuple[str, Values]:
        if preview:
            return "", news
        id = f"{news['namespace']}/{news['name']}"
        return id, self._placed("install", id, news, _flags(news, INSTALL))

    def update(self, id: str, olds: Values, news: Values, preview: bool) -> Values:
        if preview:
            return news
        history = ["--history-max", str(news.get("maxHistory", 0))]
        return self._placed("upgrade", id, news, history + _flags(news, UPGRADE))

    def read(self, id: str, inputs: Values, olds: Values) -> tuple[str, Values, Values] | None:
        namespace, _, name = id.rpartition("/")
        wanted = olds or {"name": name, "namespace": namespace or self.default_namespace, "timeout": TIMEOUT}
        live = self._live(wanted)
        if live is None:
            return None
        imported = wanted | {"chart": live["status"]["chart"], "version": live["version"], "values": live["values"]}
        return id, inputs or imported, (inputs or imported) | live

    def delete(self, id: str, olds: Values, timeout: float) -> None:
        """Uninstall it; one that is gone already is an error, as in the plugin, until a refresh has seen it."""
        waits = olds.get("atomic") or not olds.get("skipAwait")
        flags = ["--wait", "--timeout", f"{olds.get('timeout', TIMEOUT)}s"] if waits else []
        self._helm("uninstall", olds["name"], "--namespace", olds["namespace"], *flags)

    def _placed(self, verb: str, id: str, news: Values, flags: list[str]) -> Values:
        """Install or upgrade; what fails and leaves a record is there, and an upgrade comes next."""
        wait = [] if news.get("skipAwait") else ["--wait"]
        limit = ["--timeout", f"{news.get('timeout') or TIMEOUT}s"]
        where = ["--namespace", news["namespace"], *limit, *wait, *_flags(news, BOTH), *flags, "--values", "-"]
        try:
            self._helm(verb, news["name"], *_chart(news), *where, values=json.dumps(news.get("values", {})))
        except RefusedError as error:
            live = None if "cannot re-use a name that is still in use" in str(error) else self._live(news)
            if live is None:
                raise
            raise PartialError(id, news | live, f'Helm release "{id}" failed to initialize: {error}') from None
        return news | (self._live(news) or {})

    def _live(self, wanted: Values) -> Values | None:
        """What Helm's record says of it."""
        place = (wanted["name"], "--namespace", wanted["namespace"], "--output", "json")
        try:
            record = json.loads(self._helm("status", *place))
            metadata = json.loads(self._helm("get", "metadata", *place))
        except RefusedError as error:
            if "release: not found" in str(error):
                return None
            raise
        status = {key: metadata[key] for key in ("name", "namespace", "chart", "version", "appVersion", "revision")}
        status["status"] = record["info"]["status"]
        return {"values": record.get("config") or {}, "version": status["version"], "status": status}

    def _helm(self, *arguments: str, values: str = "") -> str:
        """Run it; values go through stdin, so that no argument and no file holds a secret."""
        own = {f"HELM_{room}_HOME": str(self.home / room.lower()) for room in ("CACHE", "CONFIG", "DATA")}
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE"))}
        command = ["helm", *arguments, "--kubeconfig", str(self.kubeconfig)]
        done = subprocess.run(command, input=values, env=outside | own, capture_output=True, text=True)
        if done.returncode:
            raise RefusedError(f"helm {arguments[0]}: {' '.join(done.stderr.rpartition('Error: ')[2].split())}")
        return done.stdout


def _chart(news: Values) -> list[str]:
    return [news["chart"], *_flags(news.get("repositoryOpts", {}), REPOSITORY), *_flags(news, CHART)]


def _flags(values: Values, flags: dict[str, str]) -> list[str]:
    """The flags of what is set; only a text has a value behind it."""
    found = [(flag, values[key]) for key, flag in flags.items() if values.get(key)]
    return [text for flag, value in found for text in ([flag] if value is True else [flag, str(value)])]
