import json

import pytest

from k8s_audit.errors import PreviewError
from k8s_audit.summary.events import parse_preview


def test_a_line_ends_at_a_newline_alone() -> None:
    message = "one\x85two\u2028three"
    event = {"policyEvent": {"policyName": "p", "message": message, "enforcementLevel": "mandatory"}}
    text = json.dumps(event, ensure_ascii=False) + '\n{"summaryEvent": {}}\n'
    (violation,) = parse_preview(text).violations
    assert violation.mandatory
    assert violation.message == message


@pytest.mark.parametrize(
    ("text", "said"), [("", "no engine event"), ("x", "line 1: no JSON"), ("\n[]", "line 2: an engine event")]
)
def test_what_is_no_preview_is_said(text: str, said: str) -> None:
    with pytest.raises(PreviewError, match=said):
        parse_preview(text)
