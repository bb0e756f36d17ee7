"""The vendors' own charts, rendered and linted by the real helm, and judged by a real kube-apiserver."""

import json
import os
import subprocess
import warnings
from pathlib import Path
from typing import Any

import yaml
from kubernetes import config, dynamic
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from k8s_audit.config.receivers.helm import ChartConfig
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.helm.chart import Chart, load_chart
from k8s_audit.receivers.helm.tool import helm
from k8s_audit.receivers.helm.values import judge_values

CHECKOUT = Path(__file__).parents[2]
NAMESPACE = "vendors"
RELEASE = "receiver"
NOT_SERVED = frozenset(
    {
        "monitoring.coreos.com/v1 PodMonitor",
        "monitoring.coreos.com/v1 ServiceMonitor",
        "monitoring.coreos.com/v1 PrometheusRule",
        "security.openshift.io/v1 SecurityContextConstraints",
    }
)
"""Kinds that a chart may make and a plain kube-apiserver does not know: those are rendered, named in a warning, and not judged."""
Object = dict[str, Any]


def folder() -> Path:
    """Where the charts are."""
    own = os.environ.get("CHARTS_DIR")
    found = Path(own) if own else CHECKOUT.parent / "shared" / "data" / "charts"
    if not found.is_dir():
        raise FileNotFoundError(
            f"the vendors' charts are not at {found}; set CHARTS_DIR to a folder with sysdig/<chart> and falcosecurity/<chart>,"
            " as their repositories https://github.com/sysdiglabs/charts and https://github.com/falcosecurity/charts have them"
        )
    return found


def chart_config(name: str) -> ChartConfig:
    """A configuration that takes a chart from there."""
    (found,) = folder().glob(f"*/{name}")
    return ChartConfig(path=str(found))


class Vendors:
    """Renders charts, and asks an API server about what comes out."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.cluster = cluster
        self.charts: dict[str, Chart] = {}
        client = config.new_client_from_config(str(cluster.kubeconfig))
        self.kinds = dynamic.DynamicClient(client)
        self.version = str(self.kinds.version["kubernetes"]["gitVersion"])
        self.namespaces: set[str] = set()

    def render_and_apply(self, chart: str, values: Object, api_versions: tuple[str, ...] = ()) -> list[Object]:
        """All objects that a chart makes of these values, once our judge, `helm lint` and the API server have nothing against them.

        Args:
            chart: its name.
            values: of the release.
            api_versions: what the cluster is to know besides, such as `security.openshift.io/v1`; its objects are not judged.

        Raises:
            AssertionError: with the API server's or kubectl's own words.
            ConfigError: our judge refuses the values.
            ToolError: helm refuses them.
        """
        loaded = self.charts.setdefault(chart, load_chart(chart, chart_config(chart)))
        judge_values(loaded, values, "values")
        objects = render(loaded, values, self.version, api_versions)
        self._apply(objects)
        return objects

    def _apply(self, objects: list[Object]) -> None:
        self._make_namespaces({NAMESPACE} | {o["metadata"].get("namespace", NAMESPACE) for o in objects})
        missing = {kind_of(o) for o in objects if not self._serves(o)}
        assert missing <= NOT_SERVED, f"this API server does not know {', '.join(sorted(missing - NOT_SERVED))}"
        if missing:
            warnings.warn(
                f"not judged, since no plain API server knows them: {', '.join(sorted(missing))}", stacklevel=3
            )
        judged = [o for o in objects if kind_of(o) not in missing]
        options = "--server-side --force-conflicts --dry-run=server --validate=strict -f -".split()
        done = self._kubectl("apply", *options, given={"apiVersion": "v1", "kind": "List", "items": judged})
        # whatever a strict validation only warns of is told here too
        assert not done.returncode, done.stderr
        assert "Warning" not in done.stderr, done.stderr
        assert len(done.stdout.splitlines()) == len(judged), done.stdout

    def _make_namespaces(self, names: set[str]) -> None:
        items = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in sorted(names - self.namespaces)
        ]
        if items:
            done = self._kubectl(
                "apply", "--server-side", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": items}
            )
            assert done.returncode == 0, done.stderr
            self.namespaces |= names

    def _serves(self, rendered: Object) -> bool:
        try:
            self.kinds.resources.get(api_version=rendered["apiVersion"], kind=rendered["kind"])
        except ResourceNotFoundError:
            return False
        return True

    def _kubectl(self, *arguments: str, given: Object) -> subprocess.CompletedProcess[str]:
        command = ["kubectl", "--kubeconfig", str(self.cluster.kubeconfig), "--namespace", NAMESPACE, *arguments]
        return subprocess.run(command, input=json.dumps(given), capture_output=True, text=True)


def render(chart: Chart, values: Object, kubernetes: str, api_versions: tuple[str, ...] = ()) -> list[Object]:
    """What the real helm makes of a chart for a version of Kubernetes, after it has linted it."""
    file = chart.path.parent / f"values-{os.getpid()}.yaml"
    file.write_text(yaml.safe_dump(values))
    try:
        options = ["--namespace", NAMESPACE, "--values", str(file), "--kube-version", kubernetes]
        helm("lint", str(chart.path), "--quiet", *options)
        options += ["--include-crds", *(f"--api-versions={version}" for version in api_versions)]
        text = helm("template", RELEASE, str(chart.path), *options)
    finally:
        file.unlink()
    return [found for found in yaml.load_all(text, yaml.CSafeLoader) if found]


def kind_of(rendered: Object) -> str:
    """Its API version and kind, as NOT_SERVED has them."""
    return f"{rendered['apiVersion']} {rendered['kind']}"
