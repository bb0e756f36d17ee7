"""5,000 malformed stack files, as texts, through the loader that the program uses: one clear error, whatever they say."""

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8s_audit.config.stack import Stack, load_stack, read_stack_file
from k8s_audit.errors import ConfigError

CANARY = "kept-to-itself-4711"
VALID: dict[str, Any] = {
    "config": {
        "audit:cluster": {"name": "cluster-1", "kubeconfig": "/root/.kube/config"},
        "audit:platform": {
            "kind": "kubeadm",
            "persist": False,
            "hosts": [
                {"access": "local", "name": "cp-1", "apiServer": "https://10.0.0.1:6443", "restartTimeout": "30s"},
                {
                    "access": "local",
                    "name": "cp-2",
                    "apiServer": "https://10.0.0.2:6443",
                    "manifests": "/srv/manifests",
                    "configFolder": "/srv/config",
                    "stateFolder": "/srv/state",
                },
            ],
        },
        "audit:receivers": [{"kind": "recorder", "name": "recorder", "port": 19765, "tls": True}],
        "audit:policy": {
            "profile": "detection",
            "before": [{"level": "None", "users": ["a"], "verbs": ["get"], "resources": [{"group": ""}]}],
        },
        "audit:delivery": {"style": "default", "maxWait": "100ms", "log": {"maxAge": 3}, "throttle": {"qps": 5.0}},
        "audit:sshPrivateKey": {"secure": f"v1:{CANARY}"},
    },
    "encryptionsalt": "v1:nJc5Zpc79x4=:v1:uWi4K20LPojv/vx3:ACmirTkRht6oEDsxEXZYOLikNbUEgw==",
}
del VALID["config"]["audit:sshPrivateKey"]  # nothing uses one yet; it comes back as a fault

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**18, 10**30),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "-1s", "1h", "/", "..", "/a/../b", "https://", "webhook", "kubeadm", "\0", "\uff10", "10²", "~nobody"]
    ),
    st.dates(),
)
data = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.text(max_size=8), scalars), inner, max_size=4)
    ),
    max_leaves=8,
)


def dump(document: Any) -> str:
    text: str = yaml.dump(document, Dumper=yaml.CSafeDumper)
    return text


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each part."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


PLACES = places(VALID)[1:]


@st.composite
def broken_documents(draw: st.DrawFn) -> str:
    """The valid document with one to three of its parts gone, replaced, renamed, doubled or secret."""
    document = copy.deepcopy(VALID)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        part: Any = document
        try:
            for key in place[:-1]:
                part = part[key]
            last = place[-1]
            match draw(st.sampled_from(["replace", "remove", "rename", "double", "secret", "add"])):
                case "replace":
                    part[last] = draw(data)
                case "remove":
                    del part[last]
                case "rename":
                    part[draw(st.sampled_from([f"{last}s", str(last)[1:], str(last).upper(), ""]))] = part.pop(last)
                case "double":
                    part[last] = [part[last], part[last]]
                case "secret":
                    part[last] = {"secure": f"v1:{CANARY}"}
                case "add":
                    part[draw(st.text(max_size=8))] = draw(data)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took this part away
    return dump(document)


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """The valid file's text, a secret in it, with pieces cut out, put in or repeated."""
    document = copy.deepcopy(VALID)
    document["config"]["audit:sshPrivateKey"] = {"secure": CANARY}
    text = dump(document)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        piece = draw(
            st.one_of(
                st.just(""),
                st.sampled_from(
                    [*"{}[]:,&*!|>'\"%@`#-?\t\n\r\0\ufeff", "*a", "&a ", "!!int ", "<<: ", "---\n", "...\n"]
                ),
                st.text(max_size=6),
                st.just(text[start:end] * 2),
            )
        )
        text = text[:start] + piece + text[end:]
    return text


KINDS = {
    "documents with broken parts": broken_documents(),
    "files with broken text": broken_texts(),
    "other data": data.map(lambda value: dump({"config": value})),
    "other values of our keys": st.dictionaries(
        st.sampled_from([*VALID["config"], "audit:x", "aws:region", "cluster"]), data, max_size=5
    ).map(lambda config: dump({"config": config})),
    "any text": st.text(max_size=200),
}


def judge(text: str) -> Stack | ConfigError:
    try:
        return load_stack(*read_stack_file(text))
    except ConfigError as error:
        return error


def assert_one_clear_error(text: str) -> Stack | ConfigError:
    found = judge(text)
    if isinstance(found, Stack):
        return found
    assert str(found).startswith("stack configuration: ")
    assert found.faults
    for fault in found.faults:
        assert fault.isprintable(), fault
        assert len(fault) < 1000, fault
        assert ": " in fault
        assert CANARY not in fault, fault
    return found


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.ReusedAnchorWarning")
@pytest.mark.parametrize(
    ("kind", "count"),
    [(kind, 1000 + 500 * (kind == "documents with broken parts") - 500 * (kind == "any text")) for kind in KINDS],
)
def test_a_malformed_stack_file_is_one_error_whose_lines_name_keys(kind: str, count: int) -> None:
    @settings(
        max_examples=count, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(KINDS[kind])
    def judged(text: str) -> None:
        assert_one_clear_error(text)

    judged()


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  audit:cluster: &a [*a]\n",
        "config:\n  audit:cluster: {<<: 1}\n",
        "config:\n" + "  a:b:\n" * 2 + "  - " + "[" * 1000,
        "config: {audit:cluster: !!python/object:os.system x}\n",
        "config: {audit:policy: {file: '~nobody-of-this-name/x'}}\n",
        "config: {audit:policy: {file: /dev/null}}\n",
        "config: {audit:policy: {file: /}}\n",
    ],
)
def test_a_text_that_once_was_or_could_be_a_traceback_is_one_error(text: str) -> None:
    assert isinstance(assert_one_clear_error(text), ConfigError)


def test_the_documents_break_off_from_one_without_a_fault() -> None:
    assert isinstance(judge(dump(VALID)), Stack)


def test_most_of_the_texts_are_malformed_and_all_kinds_of_faults_are_met() -> None:
    """A strategy that made only valid files, or only files that are no YAML, would prove nothing."""
    met: dict[str, int] = {}

    @settings(max_examples=500, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(*KINDS.values()))
    def count(text: str) -> None:
        found = judge(text)
        for fault in found.faults if isinstance(found, ConfigError) else ["no fault"]:
            for kind in ("no YAML", "no fault", "missing", "unknown key", "is secret", "given:", "kind:", "a mapping"):
                met[kind] = met.get(kind, 0) + (kind in fault)

    count()
    assert all(met.values()), met
    assert met["no fault"] < 150, met


@pytest.mark.parametrize("levels", [10, 63, 64, 500, 20_000])
def test_depth_is_judged_before_anything_recursive_sees_it(levels: int) -> None:
    deep = load_error({"audit:cluster": "[" * levels + "]" * levels})
    assert "audit:cluster: is nested too deep; allowed: 64 levels" in deep or levels < 64 or "given:" in deep


def load_error(values: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as raised:
        load_stack(values)
    return str(raised.value)


def test_json_of_the_engine_and_text_of_the_file_are_judged_alike() -> None:
    values, secrets = read_stack_file(dump(VALID))
    assert not secrets
    assert json.loads(values["audit:platform"])["hosts"][1]["name"] == "cp-2"
    assert load_stack(values) == load_stack({key: json.dumps(VALID["config"][key]) for key in values})
