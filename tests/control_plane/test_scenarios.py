"""Each scenario on a real API server with profile `detection`: its events reach the recorder, each fulfils the condition of
the rule that it names, and nothing stays behind, whatever happens."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from k8s_audit.audit_policy.render import load_profile, render_policy
from k8s_audit.cli.app import app
from k8s_audit.control_plane.change import AuditSetup, Place, StaticPodChange
from k8s_audit.control_plane.local_host import LocalHost
from k8s_audit.delivery.api_server import ApiServer
from k8s_audit.delivery.flags import AuditFlags, LogBackend
from k8s_audit.delivery.webhook import render_webhook
from k8s_audit.errors import DeliveryError
from k8s_audit.local_cluster import LocalCluster
from k8s_audit.receivers.endpoint import ACCEPTED, ReceiverEndpoint
from k8s_audit.receivers.recorder import Recorder
from k8s_audit.scenarios import run as running
from k8s_audit.scenarios.catalog import SCENARIOS
from k8s_audit.scenarios.follow import followed
from k8s_audit.scenarios.run import SELECTOR, Sent, ask, leftovers, run
from k8s_audit.scenarios.scenario import filled
from tests.standins.falco import FalcoLike
from tests.standins.falco_rules import Rules

COLLECTIONS = sorted(
    {filled(step.path, "", "default") for one in SCENARIOS.values() for step in one.steps if step.method == "POST"}
)

CHARTS = Path(os.environ.get("CHARTS_DIR", Path(__file__).parents[2] / "../shared/data/charts"))
GENERATOR = CHARTS / "falcosecurity" / "event-generator"


@dataclass
class Detecting:
    """A control plane that audits with `detection`, for all tests of this file."""

    cluster: LocalCluster
    place: Place
    setup: AuditSetup

    def change(self) -> StaticPodChange:
        return StaticPodChange(
            LocalHost("cp-1", str(self.cluster.folder / "logs" / "kube-apiserver.log")), self.place, Event()
        )

    @contextlib.contextmanager
    def other(self, **what: Any) -> Iterator[None]:
        """Another policy or webhook, for a while."""
        self.change().apply(replace(self.setup, **what))
        yield
        self.change().apply(self.setup)


@pytest.fixture(scope="module")
def detecting(cluster: LocalCluster, recorder: Recorder) -> Iterator[Detecting]:
    folder = cluster.folder
    place = Place(
        str(cluster.manifests), cluster.api_server, str(folder / "etc/scenarios"), str(folder / "var/scenarios"), 30
    )
    flags = AuditFlags(max_wait="100ms", log=LogBackend(path=str(folder / "audit-log" / "audit.log")))
    policy, webhook = render_policy(load_profile("detection")), render_webhook(recorder.endpoint())
    made = Detecting(cluster, place, AuditSetup(policy, webhook, flags.arguments(place.policy, place.webhook)))
    cluster.create()
    made.change().apply(made.setup)
    yield made
    made.change().restore()
    cluster.create()


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules()


@pytest.fixture
def server(detecting: Detecting) -> Iterator[ApiServer]:
    with ApiServer(detecting.cluster.api_server, str(detecting.cluster.kubeconfig)) as made:
        yield made
        assert not ours(made)


@pytest.fixture
def project(detecting: Detecting, recorder: Recorder, tmp_path: Path) -> Path:
    """A project whose stack is this control plane with this recorder."""
    config = {
        "audit:cluster": {"name": "s", "kubeconfig": str(detecting.cluster.kubeconfig)},
        "audit:platform": {
            "kind": "kubeadm",
            "hosts": [{"access": "local", "name": "cp-1", "apiServer": detecting.cluster.api_server}],
        },
        "audit:receivers": [{"kind": "recorder", "name": recorder.name, "port": recorder.port}],
        "audit:delivery": {"checkTimeout": "5s"},
    }
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.s.yaml").write_text(json.dumps({"config": config}))
    (tmp_path / ".local" / "s").mkdir(parents=True)
    (tmp_path / ".local" / "s" / "receivers").symlink_to(recorder.folder)
    return tmp_path


def ours(server: ApiServer) -> list[str]:
    """What is there with our label."""
    found = []
    for collection in COLLECTIONS:
        answer = ask(server, "GET", f"{collection}?labelSelector={SELECTOR}")
        found += [f"{collection}/{item['metadata']['name']}" for item in answer.body.get("items", [])]
    return found


def verify(project: Path, scenario: str, *more: str) -> Result:
    return CliRunner().invoke(app, ["verify", "--stack", "s", "--project", str(project), "--scenario", scenario, *more])


def events_of(recorder: Recorder, sent: Sent) -> list[dict[str, Any]]:
    lines = Path(recorder.events).read_text().splitlines()
    return [event for line in lines if sent.answer.audit_id in line and (event := json.loads(line))]


def test_each_scenario_triggers_the_rules_that_it_names(server: ApiServer, recorder: Recorder, rules: Rules) -> None:
    for scenario in SCENARIOS.values():
        done = run(scenario, server, "default")
        assert not done.left, scenario.name
        ids = [sent.answer.audit_id for sent in done.sent]
        assert len(set(ids)) == len(scenario.steps)
        far = followed(recorder.endpoint(), ids, 10)
        for sent in done.sent:
            at = far[sent.answer.audit_id].received_at
            assert at, sent
            assert at >= sent.at
            if sent.step.rule:
                events = events_of(recorder, sent)
                assert any(rules.fires(sent.step.rule, event) for event in events), (scenario.name, events)
    assert not ours(server)


def test_the_metadata_profile_is_not_enough_for_a_rule_that_reads_the_body(
    detecting: Detecting, server: ApiServer, recorder: Recorder, rules: Rules
) -> None:
    bare = "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
    with detecting.other(policy=bare):
        done = run(SCENARIOS["privileged-pod"], server, "default")
        followed(recorder.endpoint(), [sent.answer.audit_id for sent in done.sent], 10)
    (event,) = events_of(recorder, done.sent[-1])
    assert not rules.fires("Create Privileged Pod", event)


def test_the_command_prints_a_row_for_each_request_with_level_and_latency(project: Path, server: ApiServer) -> None:
    done = verify(project, "privileged-pod")
    assert done.exit_code == 0, done.output
    row = done.stdout.splitlines()[-1]
    assert row.startswith("privileged-pod")
    assert " 201 " in row
    assert " RequestResponse " in row
    assert "recorder after 0." in row
    assert row.endswith("Create Privileged Pod")
    rows = json.loads(verify(project, "all", "--json").stdout)
    assert {one["scenario"] for one in rows} == SCENARIOS.keys()
    assert all(one["proof"] == "auditID" and one["latencySeconds"] < 5 and one["level"] for one in rows)
    assert rows[-1].keys() == {
        "scenario", "request", "status", "auditID", "level", "receiver", "proof", "latencySeconds", "rule"
    }  # fmt: skip


def test_the_role_in_the_docs_is_enough(
    detecting: Detecting, server: ApiServer, recorder: Recorder, tmp_path: Path
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text()
    found = re.search(r"^    apiVersion: rbac.*?(?=^\S)", page, re.MULTILINE | re.DOTALL)
    assert found
    role = YAML(typ="safe").load(textwrap.dedent(found[0]))
    assert "*" not in json.dumps(role)
    rbac, core = "/apis/rbac.authorization.k8s.io/v1", "/api/v1/namespaces/default"
    account, name = {"kind": "ServiceAccount", "name": "tester", "namespace": "default"}, role["metadata"]["name"]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [account]}
    made = [
        (f"{rbac}/clusterroles", role),
        (f"{core}/serviceaccounts", {"metadata": {"name": "tester"}}),
        (f"{rbac}/clusterrolebindings", binding),
    ]
    try:
        for path, body in made:
            assert ask(server, "POST", path, body).status == 201
        token = ask(server, "POST", f"{core}/serviceaccounts/tester/token", {"spec": {}}).body["status"]["token"]
        config = YAML(typ="safe").load(detecting.cluster.kubeconfig.read_text())
        config["users"][0]["user"] = {"token": token}
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        refused: dict[str, int] = {}
        with ApiServer(server.url, str(kubeconfig)) as limited:
            assert leftovers(list(SCENARIOS.values()), limited, "default") == ([], [])
            for scenario in SCENARIOS.values():
                done = run(scenario, limited, "default")
                assert not done.left
                asked = [sent for sent in done.sent if sent.step.method == "POST" and sent.step.body]
                for one in asked:
                    if one.answer.status != 201:
                        refused[scenario.name] = one.answer.status
                far = followed(recorder.endpoint(), [sent.answer.audit_id for sent in done.sent], 10)
                assert all(one.received_at for one in far.values())
    finally:
        for path, body in made:
            ask(server, "DELETE", f"{path}/{body['metadata']['name']}")
    assert refused == {
        "clusterrole-with-wildcard": 403,
        "clusterrole-with-pod-exec": 403,
        "attach-cluster-admin": 403,
        "rolebinding": 404,
        "clusterrolebinding": 404,
    }


def test_a_right_that_is_missing_is_named_before_anything_is_created(
    detecting: Detecting, server: ApiServer, tmp_path: Path
) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    assert ask(server, "POST", accounts, {"metadata": {"name": "powerless"}}).status == 201
    try:
        token = ask(server, "POST", f"{accounts}/powerless/token", {"spec": {}}).body["status"]["token"]
        for given, said in (
            (token, r"scenario deployment: the kubeconfig's user may not create deployments \(apps\); docs/verify.md"),
            ("no-token", "does not know the credentials of kubeconfig"),
        ):
            config = YAML(typ="safe").load(detecting.cluster.kubeconfig.read_text())
            config["users"][0]["user"] = {"token": given}
            (tmp_path / "kubeconfig").write_text(json.dumps(config))
            with (
                ApiServer(server.url, str(tmp_path / "kubeconfig")) as limited,
                pytest.raises(DeliveryError, match=said),
            ):
                run(SCENARIOS["deployment"], limited, "default")
    finally:
        ask(server, "DELETE", f"{accounts}/powerless")


def test_events_that_a_policy_drops_are_not_reached_and_exit_1(detecting: Detecting, project: Path) -> None:
    silent = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None}]\n"
    with detecting.other(policy=silent):
        done = verify(project, "configmap-with-credentials")
    assert done.exit_code == 1
    assert "did not reach recorder" in done.stdout


def test_a_namespace_that_there_is_not_is_bad_input(project: Path, server: ApiServer) -> None:
    for name, said in (("nowhere", "the cluster has none of this name"), ("a/../b", "a name has up to 63")):
        refused = verify(project, "configmap", "--namespace", name)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert f"--namespace: {said}" in refused.stderr


def test_an_api_server_that_is_gone_is_exit_3(project: Path, detecting: Detecting) -> None:
    file = project / "stacks" / "Pulumi.s.yaml"
    file.write_text(file.read_text().replace(detecting.cluster.api_server, "https://127.0.0.1:1"))
    refused = verify(project, "configmap")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "https://127.0.0.1:1 does not answer" in refused.stderr


def test_a_step_that_fails_leaves_nothing(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = running.ask

    def failing(server: ApiServer, method: str, path: str, body: Any = None) -> Any:
        answer = asked(server, method, path, body)
        if path.endswith("/pods") and method == "POST":
            raise DeliveryError("the answer never came")
        return answer

    monkeypatch.setattr(running, "ask", failing)
    with pytest.raises(DeliveryError, match="the answer never came"):
        run(SCENARIOS["exec-pod"], server, "default")
    monkeypatch.undo()
    assert not ours(server)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_removes_what_it_created(
    number: signal.Signals, project: Path, server: ApiServer
) -> None:
    arguments = ["verify", "--stack", "s", "--project", str(project), "--scenario", "all"]
    for _ in range(3):  # a run may be over before a busy machine has seen what it made
        with subprocess.Popen(
            [sys.executable, "-m", "k8s_audit.cli", *arguments], stderr=subprocess.PIPE, text=True
        ) as told:
            while not ours(server) and told.poll() is None:
                time.sleep(0.005)
            told.send_signal(number)
            _, said = told.communicate(timeout=30)
        if told.returncode != 0:
            break
    assert told.returncode == 130, said
    assert "interrupted; what was created is removed" in said
    assert not ours(server)


def test_a_signal_between_two_requests_ends_the_scenario_there(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, seen = running.ask, list[str]()

    def signalling(server: ApiServer, method: str, path: str, body: Any = None) -> Any:
        seen.append(f"{method} {path.rpartition('/')[2]}")
        if seen[-1] == "POST serviceaccounts":
            os.kill(os.getpid(), signal.SIGTERM)
            Event().wait(0.01)
        return asked(server, method, path, body)

    monkeypatch.setattr(running, "ask", signalling)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run(SCENARIOS["privileged-pod"], server, "default")
    monkeypatch.undo()
    assert "POST pods" not in seen
    assert signal.getsignal(signal.SIGTERM) is before
    assert not ours(server)


def test_what_a_killed_run_left_is_removed_by_a_later_one_but_not_what_may_be_a_live_run(
    server: ApiServer, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_remove", lambda *_: "killed")
    assert run(SCENARIOS["privileged-pod"], server, "default").left
    monkeypatch.undo()
    assert len(ours(server)) == 2
    scenarios = [SCENARIOS["privileged-pod"]]
    removed, left = leftovers(scenarios, server, "default")
    assert not removed
    assert len(left) == 2
    assert "may belong to a run that goes on" in left[0]
    done = verify(project, "privileged-pod")
    assert done.exit_code == 0
    assert "may belong to a run that goes on" in done.stderr
    time.sleep(1.1)  # an API server counts in whole seconds
    removed, left = leftovers(scenarios, server, "default", older_than=0.5)
    assert len(removed) == 2
    assert not left


def test_of_a_receiver_like_falco_the_counters_tell(detecting: Detecting, server: ApiServer) -> None:
    with FalcoLike() as falco:
        endpoint = ReceiverEndpoint("falco", falco.url, proof=ACCEPTED)
        with detecting.other(webhook=render_webhook(endpoint)):
            for answering in (True, False):
                falco.fault = None if answering else 500
                before = server.counters()
                done = run(SCENARIOS["privileged-pod"], server, "default")
                ids = [sent.answer.audit_id for sent in done.sent]
                far = followed(endpoint, ids, 4, server, before)
                assert {one.proof for one in far.values()} == {ACCEPTED}
                assert all((one.received_at is not None) == answering for one in far.values())
                assert set(ids) <= falco.received.keys() or not answering


def test_a_receiver_that_cannot_be_asked_is_said_to_be_so(recorder: Recorder) -> None:
    assert followed(replace(recorder.endpoint(), proof=ACCEPTED), ["a"], 1)["a"].proof == "sent"
    assert followed(None, ["a"], 1)["a"].received_at is None
    assert followed(recorder.endpoint(), ["never"], 0.1)["never"].received_at is None


def test_the_event_generator_is_refused_where_no_node_is_ready(project: Path, server: ApiServer) -> None:
    refused = verify(project, "event-generator", "--chart", str(GENERATOR))
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "scenario event-generator runs as a pod, and" in refused.stderr
    assert "has no ready node (0 in all)" in refused.stderr


def test_the_event_generator_is_a_job_that_is_waited_for_and_removed(project: Path, server: ApiServer) -> None:
    """The node is an object without a machine, and the test says that the Job has ended, as a Job controller would."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a-node"}}
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    assert ask(server, "POST", "/api/v1/nodes", node).status == 201
    jobs: list[dict[str, Any]] = []
    over = Event()

    def controller() -> None:
        while not over.wait(0.1):
            for job in ask(server, "GET", "/apis/batch/v1/namespaces/default/jobs").body["items"]:
                jobs.append(job)
                status = ended() if not job["status"].get("conditions") else {}
                path = f"/apis/batch/v1/namespaces/default/jobs/{job['metadata']['name']}/status"
                ask(server, "PATCH", path, {"status": status})

    thread = Thread(target=controller)
    try:
        assert ask(server, "PATCH", "/api/v1/nodes/a-node/status", ready).status == 200
        thread.start()
        done = verify(project, "event-generator", "--chart", str(GENERATOR), "--json")
    finally:
        over.set()
        thread.join()
        ask(server, "DELETE", "/api/v1/nodes/a-node")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["status"] for row in rows] == [201] * 4
    (container,) = jobs[0]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["/bin/event-generator", "run", "--all", "^k8saudit"]
    assert container["image"].endswith(":0.13.0")
    assert jobs[0]["spec"]["template"]["spec"]["serviceAccountName"] == jobs[0]["metadata"]["name"]
    for kind in ("batch/v1/namespaces/default/jobs", "rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"):
        assert not ask(server, "GET", f"/apis/{kind}?labelSelector={SELECTOR}").body["items"]


def ended() -> dict[str, Any]:
    """The status of a Job that has ended well."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    met = [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in ("SuccessCriteriaMet", "Complete")]
    return {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": met}
