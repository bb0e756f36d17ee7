"""One stack brought up by Pulumi's Automation API, with its log in a file, and its proofs or its diagnosis as the result.

https://www.pulumi.com/docs/iac/automation-api/; the project is the folder's own, so `pulumi up -s STACK` there is the same.
"""

from pathlib import Path
from threading import Lock
from typing import Any

from k8s_audit.fleet.progress_file import FOLDER
from k8s_audit.fleet.waves import FAILED, PROVED, Result

CHECKS = "deliveryChecks"
ERROR = "error: "
_SELECTING = Lock()
"""Selecting a stack writes a file that all stacks of a project share."""


def bring_up(project: Path, stack: str) -> Result:
    """`pulumi up --refresh` of a stack; proved if each of its API servers has a proof.

    Args:
        project: the folder of Pulumi.yaml.
        stack: its name; made if the backend has none of that name.
    """
    from pulumi import automation  # large, and needed here alone

    log = project / FOLDER / f"{stack}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    errors: list[str] = []

    def note(event: Any) -> None:
        diagnostic = event.diagnostic_event
        if diagnostic and diagnostic.severity == "error":
            errors.append(diagnostic.message.strip())

    try:
        with _SELECTING:
            selected = automation.create_or_select_stack(stack, work_dir=str(project))
        with log.open("w", encoding="utf-8") as out:
            done = selected.up(
                refresh=True,
                color="never",
                show_secrets=False,
                suppress_outputs=True,
                on_output=lambda text: _write(out, text),
                on_error=lambda text: _write(out, text),
                on_event=note,
            )
    except automation.CommandError as error:
        return Result(stack, FAILED, _reason(errors, str(error), log))
    except automation.InvalidVersionError as error:
        return Result(stack, FAILED, str(error))
    except OSError as error:
        return Result(stack, FAILED, f"{error.filename or log}: {error.strerror}")
    checks = done.outputs.get(CHECKS)
    if checks is None or checks.secret or not checks.value:
        return Result(stack, FAILED, f"its output {CHECKS} holds no proof")
    return Result(stack, PROVED, proofs=checks.value)


def _write(out: Any, text: str) -> None:
    out.write(text if text.endswith("\n") else f"{text}\n")
    out.flush()


def _reason(errors: list[str], said: str, log: Path) -> str:
    """What failed: the first diagnostic that is not the engine's summary, else what the command line said."""
    own = [text.removeprefix(ERROR) for text in errors if text.removeprefix(ERROR) not in ("update failed", "")]
    lines = [line.partition(ERROR)[2] for line in said.splitlines() if ERROR in line]
    reason = next(iter(own), "") or next(iter(lines), "") or "pulumi failed"
    return f"{reason}\nIts log: {log}"
