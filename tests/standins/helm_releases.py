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
from typing import Any

import yaml

from tests.standins import property_values
from tests.standins.api_server import RefusedError
from tests.standins.property_values import Values, holds_unknown

TIMEOUT = 300
"""Seconds that Helm waits, hooks included, if the program names no timeout."""
NOT_FOUND, NAME_TAKEN = "release: not found", "cannot re-use a name that is still in use"
CHART_FLAGS = {"version": "--version", "devel": "--devel", "keyring": "--keyring", "verify": "--verify"}
REPOSITORY_FLAGS = {"repo": "--repo", "caFile": "--ca-file", "certFile": "--cert-file", "keyFile": "--key-file"}
FLAGS = {
    "atomic": "--atomic",
    "dependencyUpdate": "--dependency-update",
    "description": "--description",
    "renderSubchartNotes": "--render-subchart-notes",
    "takeOwnership": "--take-ownership",
}
INSTALL_FLAGS = {
    "createNamespace": "--create-namespace",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "disableWebhooks": "--no-hooks",
    "replace": "--replace",
    "skipCrds": "--skip-crds",
}
UPGRADE_FLAGS = {
    "cleanupOnFail": "--cleanup-on-fail",
    "disableCRDHooks": "--no-hooks",
    "forceUpdate": "--force",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
}
SERVED = {*CHART_FLAGS, *FLAGS, *INSTALL_FLAGS, *UPGRADE_FLAGS, *("allowNullValues", "chart", "compat", "maxHistory")}
SERVED |= {*("name", "namespace", "repositoryOpts", "skipAwait", "timeout", "values", "waitForJobs")}


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
        context: one of its contexts; empty: the current one.
        home: Helm's own caches and configuration.
        default_namespace: for releases that name none.
    """

    kubeconfig: Path
    context: str
    home: Path
    default_namespace: str

    def check(self, name: str, olds: Values, news: Values) -> Values:
        made = {key: value for key, value in news.items() if value is not None and value is not False}
        unserved = made.keys() - SERVED | made.get("repositoryOpts", {}).keys() - REPOSITORY_FLAGS.keys()
        if unserved:
            raise RefusedError(f"the stand-in does not serve {', '.join(sorted(unserved))} of a Release")
        if str(made["chart"]).startswith("."):
            raise RefusedError(f"the stand-in runs elsewhere: give the chart {made['chart']} by an absolute path")
        made["name"] = made.get("name") or olds.get("name") or f"{name}-{secrets.token_hex(4)}"
        made["namespace"] = made.get("namespace") or self.default_namespace
        if not made.get("skipAwait"):
            made.setdefault("timeout", TIMEOUT)
        if not holds_unknown(news):
            chart = yaml.safe_load(self._helm("show", "chart", *self._chart(made)))
            made["version"] = chart["version"]
        return made

    def replaces(self) -> tuple[property_values.Path, ...]:
        return (("name",), ("namespace",))

    def deletes_first(self, olds: Values, news: Values) -> bool:
        return False

    def create(self, news: Values, preview: bool) -> tuple[str, Values]:
        if preview:
            return "", news
        id = f"{news['namespace']}/{news['name']}"
        try:
            self._place("install", news, [*_flags(news, INSTALL_FLAGS)])
        except RefusedError as error:
            live = None if NAME_TAKEN in str(error) else self._live(news)
            if live is None:
                raise
            why = f'Helm release "{id}" was created, but failed to initialize completely: {error}'
            raise PartialError(id, news | live, why) from None
        return id, news | (self._live(news) or {})

    def update(self, id: str, olds: Values, news: Values, preview: bool) -> Values:
        if preview:
            return news
        try:
            self._place(
                "upgrade", news, ["--history-max", str(news.get("maxHistory", 0)), *_flags(news, UPGRADE_FLAGS)]
            )
        except RefusedError as error:
            live = self._live(news)
            if live is None:
                raise
            raise PartialError(id, news | live, f'Helm release "{id}" failed to initialize: {error}') from None
        return news | (self._live(news) or {})

    def read(self, id: str, inputs: Values, olds: Values) -> tuple[str, Values, Values] | None:
        namespace, _, name = id.rpartition("/")
        wanted = olds or {"name": name, "namespace": namespace or self.default_namespace}
        live = self._live(wanted)
        if live is None:
            return None
        imported = {key: live[key] for key in ("values", "version")} | wanted | {"chart": live["status"]["chart"]}
        asked = inputs or imported | {"timeout": TIMEOUT}
        return id, asked, asked | live

    def delete(self, id: str, olds: Values, timeout: float) -> None:
        waits = bool(olds.get("atomic") or not olds.get("skipAwait"))
        flags = ["--wait", "--timeout", f"{olds.get('timeout', TIMEOUT)}s"] if waits else []
        self._helm("uninstall", olds["name"], "--namespace", olds["namespace"], *flags)

    def _live(self, wanted: Values) -> Values | None:
        """What Helm's record says of it."""
        place = (wanted["name"], "--namespace", wanted["namespace"])
        try:
            record = json.loads(self._helm("status", *place, "--output", "json"))
            metadata = json.loads(self._helm("get", "metadata", *place, "--output", "json"))
        except RefusedError as error:
            if NOT_FOUND in str(error):
                return None
            raise
        names: dict[str, list[str]] = {}
        for each in yaml.safe_load_all(record.get("manifest") or ""):
            if each:
                names.setdefault(f"{each['kind']}/{each['apiVersion']}", []).append(each["metadata"]["name"])
        status = {key: metadata[key] for key in ("name", "namespace", "chart", "version", "appVersion", "revision")}
        status["status"] = record["info"]["status"]
        return {
            "values": record.get("config") or {},
            "version": status["version"],
            "resourceNames": names,
            "status": status,
        }

    def _place(self, verb: str, news: Values, flags: list[str]) -> None:
        wait = [] if news.get("skipAwait") else ["--wait", *(["--wait-for-jobs"] if news.get("waitForJobs") else [])]
        limit = f"{news.get('timeout') or TIMEOUT}s"
        chart = self._chart(news)
        where = ["--namespace", news["namespace"], "--timeout", limit, *wait, *_flags(news, FLAGS), *flags]
        values = json.dumps(news.get("values", {}))
        self._helm(verb, news["name"], *chart, *where, "--values", "-", values=values)

    @staticmethod
    def _chart(news: Values) -> list[str]:
        repository = news.get("repositoryOpts", {})
        return [news["chart"], *_flags(repository, REPOSITORY_FLAGS), *_flags(news, CHART_FLAGS)]

    def _helm(self, *arguments: str, values: str = "") -> str:
        """Run it; values go through stdin, so that no argument and no file holds a secret."""
        own = {f"HELM_{room}_HOME": str(self.home / room.lower()) for room in ("CACHE", "CONFIG", "DATA")}
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("HELM_", "KUBE"))}
        context = ["--kube-context", self.context] if self.context else []
        command = ["helm", *arguments, "--kubeconfig", str(self.kubeconfig), *context]
        done = subprocess.run(command, input=values, env=outside | own, capture_output=True, text=True)
        if done.returncode:
            told = done.stderr.rpartition("Error: ")[2]
            raise RefusedError(f"helm {arguments[0]}: {' '.join(told.split())}")
        return done.stdout


def _flags(values: dict[str, Any], flags: dict[str, str]) -> list[str]:
    """The flags of what is set; only a text has a value behind it."""
    found = [(flag, values[key]) for key, flag in flags.items() if values.get(key)]
    return [text for flag, value in found for text in ([flag] if value is True else [flag, str(value)])]
