import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from k8s_audit import kubernetes_yaml

LOOK_LIKE_OTHERS = (
    "yes no on off y N Yes true null ~ 012 1e3 0x1F 0o7 1_000 2001-01-01 = << 190:20:30 .inf -1 +2 1.5 .5e1".split()
)


@pytest.mark.parametrize("text", ["", *LOOK_LIKE_OTHERS])
def test_what_a_reader_may_take_for_no_string_is_quoted(text: str) -> None:
    assert kubernetes_yaml.dump({"name": [text]}) == f'name:\n- "{text}"\n'


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.booleans(), st.integers(), st.lists(st.text())), max_size=4))
def test_readers_of_both_versions_of_yaml_read_what_was_written(document: dict[str, object]) -> None:
    text = kubernetes_yaml.dump(document)
    assert yaml.safe_load(text) == document
    assert YAML(typ="safe", pure=True).load(text) == document


def test_a_long_line_is_not_folded_and_keys_keep_their_order() -> None:
    text = kubernetes_yaml.dump({"b": "words " * 100 + "end", "a": {"d": "x", "c": "z"}})
    assert text == f"b: {'words ' * 100}end\na:\n  d: x\n  c: z\n"
