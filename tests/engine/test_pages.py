"""A reader's way through each page: its stack files previewed by the real engine, its commands run as they stand there.

`pulumi up` and `destroy` of a reader's own cluster are previewed, since that cluster is not here; `doctor` and `verify` say so in their own words. The stack
`local` is brought up, and all that a page says of it is run. Elsewhere: `pulumi import` (test_kubeadm_stack.py), the policy pack
(tests/pull_requests), `make` (its targets are the commands that README shows), and what other makers' tools do.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from tests.engine import aks_cloud, eks_cloud, gcp
from tests.pages import PAGES, commands, of, title
from tests.project import CHECKOUT, Project, free_ports
from tests.vendors.charts import folder

CHARTS = {
    "falco": "falcosecurity/falco",
    "agent": "sysdig/agent",
    "sysdig-shield": "sysdig/shield",
    "cluster-shield": "sysdig/cluster-shield",
    "admission-controller": "sysdig/admission-controller",
}
"""Where the chart of a receiver lies here, by what it installs, else its kind: a page takes it from its maker's repository."""
EXITS = {
    r"k8s-audit init --stack [a-z0-9-]+$": {2},
    r"pulumi |k8s-audit (init|render|alerts|cost) ": {0},
    r"k8s-audit (doctor|status|verify)": {0, 1, 3},
}
"""How a command may end whose cluster is not there: done, it is not so, or a host or cluster cannot be reached. `init` alone asks, and here is no terminal."""
FILES = ("key", "token", "client.key", "api-server.log", "secure-api-token")
"""What a page's commands read."""
NOBODYS = "192.0.2."
"""Addresses that are no host's anywhere (RFC 5737), where a page's might be somebody's."""
LOCAL = re.compile(r"(-s|--stack|--create|status) local\b")
NAMED = re.compile(r"(?<!init )(?:-s|--stack|--force|stack init) ([a-z0-9-]+)\b")
KUBECONFIG = """\
clusters: [{name: c, cluster: {server: "https://0123.gr7.eu-west-1.eks.amazonaws.com"}}]
contexts: [{name: "arn:aws:eks:eu-west-1:123456789012:cluster/payments-1", context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: arn:aws:eks:eu-west-1:123456789012:cluster/payments-1
"""
"""As `aws eks update-kubeconfig` writes it."""
MADE_HERE = ("pulumi preview", "pulumi stack init", "pulumi import")
"""What each stack has been through before a page's own commands, or another test runs."""
ELSEWHERE = {"/var/lib/node_exporter/": "", "/run/secrets/": "", "STACK": "page"}
"""Of a machine of the reader's: where it lies here."""


READERS = of(CHECKOUT / "README.md", "yaml")[0]
"""The stack of a page that shows none."""
REVIEWED = {"docs/verify.md": of(CHECKOUT / "docs" / "receivers" / "admission-controller.md", "yaml")[0]}
"""The stack of a page whose commands are about a receiver in the cluster."""


def clusters(kind: str) -> dict[str, str]:
    """The clusters of a cloud that the pages show, each with a stack file of its own."""
    texts = [text for page in PAGES for text in of(page, "yaml") if f"kind: {kind}" in text]
    return {name: text for text in texts for name in re.findall(r"audit:cluster: {name: ([a-z0-9-]+)", text)}


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory, kubernetes_plugin: str
) -> Iterator[Callable[[str], dict[str, str]]]:
    """The variables by which a stack's cloud is one of this machine; one that no page asks for is not started."""
    with ExitStack() as running:

        def amazon() -> dict[str, str]:
            made = running.enter_context(eks_cloud.serving())
            for name in clusters("eks"):
                made.cluster(name)
            return made.variables()

        def google() -> dict[str, str]:
            made = running.enter_context(gcp.google())
            for name, text in clusters("gke").items():
                project, location = re.findall(r"(?:project|location): ([a-z0-9-]+)$", text, re.MULTILINE)
                made.cluster(name, project, location)
            return made.variables()

        def microsoft() -> dict[str, str]:
            made = running.enter_context(aks_cloud.serving(tmp_path_factory.mktemp("azure")))
            for name in clusters("aks"):
                made.cluster(name)
            return {"PULUMI_DEBUG_PROVIDERS": made.plugin}

        clouds = {"eks": amazon, "gke": google, "aks": microsoft}
        known: dict[str, dict[str, str]] = {}

        def variables(kind: str) -> dict[str, str]:
            if kind in clouds and kind not in known:
                known[kind] = clouds[kind]()
            found = known.get(kind, {})
            plugins = [found.get("PULUMI_DEBUG_PROVIDERS"), kubernetes_plugin]
            return found | {"PULUMI_DEBUG_PROVIDERS": ",".join(filter(None, plugins))}

        yield variables


class Reader:
    """Somebody at a shell, in a checkout."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.home = project.folder / "of a reader"
        (self.home / ".kube").mkdir(parents=True)
        project.variables |= {"HOME": str(self.home), "PULUMI_SKIP_CONFIRMATIONS": "true"}
        (project.folder / "inventory" / "payments-1" / "group_vars" / "k8s_cluster").mkdir(parents=True)
        project.stack_file.unlink()
        for name in ("payments-1", "dev-1"):
            (self.home / ".kube" / name).write_text(KUBECONFIG)
        for file in FILES:
            (project.folder / file).write_text("of-a-reader")

    def runs(self, line: str, codes: set[int]) -> str:
        """A line as it stands, from which no traceback may come; what it printed."""
        done = subprocess.run(
            ["bash", "-euc", line],
            cwd=self.project.folder,
            env=self.project.environment(),
            capture_output=True,
            text=True,
        )
        printed = done.stdout + done.stderr
        assert done.returncode in codes, f"{line}: {done.returncode}\n{printed}"
        assert "Traceback" not in printed, f"{line}\n{printed}"
        return printed

    def has(self, stack: str, text: str) -> None:
        """Make a stack of a page's file; previewed, it makes something."""
        self.project.stack = stack
        values = yaml.safe_load(re.sub(r"\b10\.0\.\d+\.", NOBODYS, text))["config"]
        secret = [key for key, value in values.items() if isinstance(value, dict) and "secure" in value]
        for receiver in values.get("audit:receivers", []):
            if chart := CHARTS.get(receiver.get("install", receiver["kind"])):
                receiver["chart"] = {"path": str(folder() / chart)}
        self.project.write(
            yaml.safe_dump({"config": {key: value for key, value in values.items() if key not in secret}})
        )
        self.runs(f"pulumi stack init {stack}", {0})
        for key in secret:
            self.project.set_secret(key, "of a reader")
        assert re.search(r"\+ \d+ to create", self.runs(f"pulumi preview -s {stack}", {0}))


def previewed(line: str) -> str:
    """What can be done of it where no cluster is."""
    for theirs, ours in ELSEWHERE.items():
        line = line.replace(theirs, ours)
    return re.sub(r"^pulumi up\b", "pulumi preview", line)


def stacks(page: Path) -> dict[str, str]:
    """A page's stack files, the first by the name that its commands give it; a stack that the page does not show is README's."""
    named = [name for line in asked(page) for name in NAMED.findall(line)]
    name = named[0] if named else "page"
    shown = [text for text in of(page, "yaml") if not text.startswith("name: ")]
    found = {f"{name}-{number}" if number else name: text for number, text in enumerate(shown)}
    return found or dict.fromkeys(named, REVIEWED.get(title(page), READERS))


def asked(page: Path) -> list[str]:
    return [line for line in commands(page, "pulumi", "k8s-audit") if not LOCAL.search(line)]


SHOWING = [page for page in PAGES if stacks(page) or asked(page)]


@pytest.mark.parametrize("page", SHOWING, ids=title)
def test_what_a_page_shows_does_as_it_says(
    page: Path, new_project: Callable[..., Project], cloud: Callable[[str], dict[str, str]]
) -> None:
    reader = Reader(new_project("config: {}\n"))
    for stack, text in stacks(page).items():
        kind = re.search(r"audit:platform:\s*{?\s*kind: ([a-z0-9.-]+)", text)
        assert kind, text
        reader.project.variables |= cloud(kind[1])
        reader.has(stack, text)
    for line in map(previewed, asked(page)):
        if not line.startswith(MADE_HERE):
            reader.runs(line, next(codes for pattern, codes in EXITS.items() if re.match(pattern, line)))


def test_the_stack_local_lives_as_the_pages_say(new_project: Callable[..., Project]) -> None:
    reader = Reader(new_project("config: {}\n"))
    etcd, etcd_peer, api_server, recorder = free_ports(4)
    ports = f"{{etcd: {etcd}, etcdPeer: {etcd_peer}, apiServer: {api_server}}}"
    reader.project.stack = "local"
    reader.project.write(f"""\
config:
  audit:cluster: {{name: local}}
  audit:platform: {{kind: local, ports: {ports}}}
  audit:receivers: [{{kind: recorder, name: recorder, port: {recorder}}}]
""")
    said = [line for page in PAGES for line in commands(page, "pulumi", "k8s-audit") if LOCAL.search(line)]
    once = [line for line in dict.fromkeys(said) if "--policy-pack" not in line]
    of_pulumi, of_ours = ([line for line in once if line.startswith(program)] for program in ("pulumi", "k8s-audit"))
    *before, last = of_pulumi
    assert [line.split()[1] for line in of_pulumi] == ["stack", "preview", "up", "destroy"]
    assert len(of_ours) > 4
    look = re.search(
        r"^    tail -f .*?(?=\n\n)",
        (CHECKOUT / "docs" / "receivers" / "recorder.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert look
    for line in (*before, *of_ours):
        reader.runs(line, {0})
    seen = reader.runs(dedent(look[0]).replace("tail -f", "tail"), {0})
    assert re.search(r"^kubernetes-admin [a-z]+ /api", seen, re.MULTILINE), seen
    reader.runs(last, {0})
