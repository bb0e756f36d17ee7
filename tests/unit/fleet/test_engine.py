"""What an `up` by the Automation API is taken for; real ones: tests/engine/test_rollout.py. The engine is a stand-in that answers at once."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pulumi import automation

from k8s_audit.fleet.engine import bring_up
from k8s_audit.fleet.waves import FAILED, PROVED

PROOF = {
    "apiServer": "https://10.0.0.11:6443",
    "receiver": "siem",
    "proof": "accepted",
    "auditID": "1",
    "latencySeconds": 1.0,
}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def make(outputs: dict[str, Any], errors: list[str] | None = None, said: str = "") -> None:
        def up(on_event: Any, on_output: Any, **_: Any) -> Any:
            on_output("Updating (canary):")
            for text in errors or []:
                on_event(SimpleNamespace(diagnostic_event=SimpleNamespace(severity="error", message=text)))
            on_event(SimpleNamespace(diagnostic_event=None))
            if errors is not None:
                raise automation.CommandError(said)  # type: ignore[arg-type] # it keeps the result's text alone
            return SimpleNamespace(outputs=outputs)

        monkeypatch.setattr(automation, "create_or_select_stack", lambda *_, **__: SimpleNamespace(up=up))

    return make


def test_an_up_with_a_proof_is_proved_and_its_log_is_kept(engine: Callable[..., None], tmp_path: Path) -> None:
    engine({"deliveryChecks": automation.OutputValue([PROOF], secret=False)})
    result = bring_up(tmp_path, "canary")
    assert (result.outcome, list(result.proofs)) == (PROVED, [PROOF])
    assert (tmp_path / ".local" / "rollout" / "canary.log").read_text() == "Updating (canary):\n"


@pytest.mark.parametrize("outputs", [{}, {"deliveryChecks": automation.OutputValue([], secret=False)}])
def test_an_up_without_a_proof_is_failed(outputs: Any, engine: Callable[..., None], tmp_path: Path) -> None:
    engine(outputs)
    assert (bring_up(tmp_path, "canary").outcome, bring_up(tmp_path, "canary").said) == (
        FAILED,
        "its output deliveryChecks holds no proof",
    )


@pytest.mark.parametrize(
    ("errors", "said", "reason"),
    [
        (["error: update failed", "event 1 did not reach receiver siem"], "", "event 1 did not reach receiver siem"),
        ([], "code: 255\n stderr: error: the stack is currently locked by 1 lock(s)", "the stack is currently locked"),
        ([], "", "pulumi failed"),
    ],
)
def test_a_failed_up_says_its_first_reason_and_where_its_log_is(
    errors: list[str], said: str, reason: str, engine: Callable[..., None], tmp_path: Path
) -> None:
    engine({}, errors, said)
    result = bring_up(tmp_path, "canary")
    assert result.outcome == FAILED
    assert result.said.startswith(reason)
    assert result.said.endswith("rollout/canary.log")


def test_an_old_pulumi_is_a_failed_stack_with_that_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def old(*_: Any, **__: Any) -> Any:
        raise automation.InvalidVersionError("Minimum version requirement failed")

    monkeypatch.setattr(automation, "create_or_select_stack", old)
    result = bring_up(tmp_path, "canary")
    assert (result.outcome, result.said) == (FAILED, "Minimum version requirement failed")
