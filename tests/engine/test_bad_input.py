"""Twenty faulty stack files of each class through the real `pulumi preview`: our message, no traceback, no resource."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from k8s_audit.config.stack import load_stack, read_stack_file
from k8s_audit.errors import ConfigError

HOST = {"access": "local", "name": "cp-1", "apiServer": "https://10.0.0.1:6443"}
CONFIG: dict[str, Any] = {
    "audit:cluster": {"name": "cluster-1", "kubeconfig": "/root/.kube/config"},
    "audit:platform": {"kind": "kubeadm", "hosts": [HOST]},
    "audit:receivers": [{"kind": "recorder", "name": "recorder"}],
    "audit:policy": {"before": [{"level": "Metadata", "verbs": ["create"]}]},
    "audit:delivery": {"log": {}, "throttle": {}, "truncate": {}},
}
HOLDERS = (
    ("audit:cluster",),
    ("audit:platform",),
    ("audit:platform", "hosts", 0),
    ("audit:receivers", 0),
    ("audit:policy",),
    ("audit:policy", "before", 0),
    ("audit:delivery",),
    ("audit:delivery", "log"),
    ("audit:delivery", "throttle"),
    ("audit:delivery", "truncate"),
)
CHOICE = ["audit:cluster", "name"], ["audit:platform", "hosts", 0, "apiServer"], ["audit:receivers", 0, "port"]
GONE = object()
PLAIN = "plain-4711"
ENCRYPTED = "what the stack's own passphrase makes of it"


def changed(*changes: tuple[Any, Any]) -> str:
    """The faultless file with parts of it set or gone."""
    config = copy.deepcopy(CONFIG)
    for path, value in changes:
        part: Any = config
        for key in path[:-1]:
            part = part[key]
        if value is GONE:
            del part[path[-1]]
        else:
            part[path[-1]] = value
    return yaml.safe_dump({"config": config}, allow_unicode=True)


def unknown_keys() -> Iterator[str]:
    for key in ("nam", "kinds", "Kind", "", "a.b", "⚙", "x" * 300, "level "):
        yield changed(((*HOLDERS[len(key) % 10], key), 1))
    for holder in HOLDERS:
        yield changed(((*holder, "prot"), {"deep": [1]}))
    yield changed((("audit:platfrom",), {}))
    yield changed((("audit:cluster:name",), "x"))


def missing_keys() -> Iterator[str]:
    ways: list[tuple[Any, ...]] = [(key,) for key in list(CONFIG)[:3]]
    ways += [("audit:cluster", "name"), ("audit:cluster", "kubeconfig")]
    ways += [("audit:platform", "kind"), ("audit:platform", "hosts")]
    ways += [("audit:platform", "hosts", 0, "access"), ("audit:platform", "hosts", 0, "apiServer")]
    ways += [("audit:receivers", 0, "kind"), ("audit:receivers", 0, "name"), ("audit:policy", "before", 0, "level")]
    for way in ways:
        yield changed((way, GONE))
    for one, other in zip(ways[3:11], [*ways[6:], *ways[:2]], strict=True):
        yield changed((one, GONE), (other, GONE))


def wrong_types() -> Iterator[str]:
    for path in (*((key,) for key in CONFIG), *CHOICE, ("audit:delivery", "log"), ("audit:policy", "before")):
        yield changed((path, True))
        yield changed((path, {"a": "b"}))


def wrong_values() -> Iterator[str]:
    for name in ("A", "x" * 64):
        yield changed((("audit:cluster", "name"), name))
    yield changed((("audit:receivers", 0, "port"), 70_000))
    for url in ("http://a:1", "https://a/b"):
        yield changed((("audit:platform", "hosts", 0, "apiServer"), url))
    for wait in ("5", "-1s", "9999999h"):
        yield changed((("audit:delivery", "maxWait"), wait))
    platforms: list[Any] = ["eks", "kubadm", "", None, ["local"]]
    for kind in platforms:
        yield changed((("audit:platform", "kind"), kind))
    for path, kind in ((("audit:receivers", 0, "kind"), "kafka"), (("audit:delivery", "kind"), "relay")):
        yield changed((path, kind))
    yield changed((("audit:platform", "hosts"), [HOST, HOST]))
    yield changed((("audit:receivers", 0, "clientCertificate"), True))
    yield changed((("audit:policy", "before"), [{"level": "None"}]))
    yield changed((("audit:policy",), {"file": "/nowhere"}))
    yield changed((("audit:policy",), {"file": "__main__.py"}))


def secrets_out_of_place() -> Iterator[str]:
    encrypted = {"secure": ENCRYPTED}
    for key in CONFIG:
        yield changed(((key,), encrypted))
    for holder in HOLDERS:
        yield changed(((*holder, "name"), encrypted))
    for key in ("sysdigAccessKey", "secureApiToken", "sshPrivateKey"):
        yield changed(((f"audit:{key}",), PLAIN))
    yield changed((("audit:sshPrivateKey",), encrypted))
    yield changed((("audit:token",), encrypted))


def no_stack_files() -> Iterator[str]:
    yield from ("config: [", "config: {a", "config: 'x", "\t- x", "config: &a *b", "config: !!int x", "config: 7")
    yield from (
        "config: [a]",
        "- config",
        "config: {x}",
        "config: {'': 1}",
        "a: b: c",
        "config: {a: 1, a: 2}",
        "{",
        "*",
    )
    yield from ("config:\n- a: b\n", "config: {? [a] : b}", "config: {1: 2}", "config: {a:b:c:d: 1}", "\x01")


CLASSES = (unknown_keys, missing_keys, wrong_types, wrong_values, secrets_out_of_place, no_stack_files)


@pytest.mark.parametrize("faulty", CLASSES, ids=lambda faulty: faulty.__name__)
def test_a_faulty_stack_file_is_refused_before_anything_is_registered(
    faulty: Callable[[], Iterator[str]], new_project: Callable[..., Any]
) -> None:
    project = new_project("config: {}\n")
    project.run("config", "set", "--secret", "sshPrivateKey", PLAIN)
    encrypted = yaml.safe_load(project.stack_file.read_text())["config"]["audit:sshPrivateKey"]["secure"]
    files = list(faulty())
    assert len(files) == len(set(files)) == 20
    try:
        for text in files:
            project.write(text.replace(ENCRYPTED, encrypted) + "\n")
            done = project.run("preview", check=False)  # fails at a traceback by itself
            assert done.returncode, text
            assert "k8s-audit:index" not in done.stdout, text
            assert PLAIN not in done.stdout
            refused = ours(text)
            assert refused
            if "error: getting stack configuration" not in done.stdout:
                assert [line for line in refused if line not in done.stdout] == [], (text, done.stdout)
    finally:
        project.write("config: {}\n")


def ours(text: str) -> list[str]:
    """The lines of our own message, told from the text as a command reads it."""
    with pytest.raises(ConfigError) as raised:
        load_stack(*read_stack_file(text))
    return raised.value.faults
