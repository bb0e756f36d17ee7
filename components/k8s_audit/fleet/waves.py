"""Stacks brought up in waves: so many at once, one wave after another, and none begun after the first that fails. Knows nothing of Pulumi."""

import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

PROVED = "proved"
FAILED = "failed"
DONE_BEFORE = "done before"
NOT_BEGUN = "not begun"


@dataclass(frozen=True)
class Result:
    """What became of one stack.

    Args:
        stack: its name.
        outcome: proved, failed, done before, or not begun.
        said: why it failed.
        proofs: as the stack's output `deliveryChecks` has them.
        seconds: how long it took.
        wave: which one, from 1.
    """

    stack: str
    outcome: str
    said: str = ""
    proofs: Sequence[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    wave: int = 0


def roll_out(
    waves: Sequence[Sequence[str]],
    bring_up: Callable[[str], Result],
    parallel: int,
    done: Collection[str] = (),
    began: Callable[[str], None] = lambda _: None,
    ended: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Bring stacks up.

    What has begun when one fails is let finish: a change of an API server is not cut off. Ctrl-C, which a terminal gives to what runs too, is raised
    again once all that had begun have ended.

    Args:
        waves: names of stacks; a wave begins when the one before is proved throughout.
        bring_up: does it for one stack, and answers `proved` or `failed`; called from several threads.
        parallel: how many at once.
        done: stacks that an earlier run has proved.
        began: told of each stack that begins; called from the caller's thread, as `ended` is.
        ended: told of each result, those of stacks that were done before included.

    Returns:
        a result a stack, in the waves' order.
    """
    found = {stack: Result(stack, NOT_BEGUN, wave=number) for number, wave in enumerate(waves, 1) for stack in wave}
    with ThreadPoolExecutor(parallel) as pool:
        for number, wave in enumerate(waves, 1):
            waiting = []
            for stack in wave:
                if stack in done:
                    found[stack] = Result(stack, DONE_BEFORE, wave=number)
                    ended(found[stack])
                else:
                    waiting.append(stack)
            running: dict[Future[Result], str] = {}
            failed = False
            while running or (waiting and not failed):
                while waiting and not failed and len(running) < parallel:
                    stack = waiting.pop(0)
                    began(stack)
                    running[pool.submit(_timed, bring_up, stack)] = stack
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    stack = running.pop(future)
                    found[stack] = replace(future.result(), wave=number)
                    failed = failed or found[stack].outcome != PROVED
                    ended(found[stack])
            if failed:
                break
    return list(found.values())


def _timed(bring_up: Callable[[str], Result], stack: str) -> Result:
    start = time.monotonic()
    return replace(bring_up(stack), seconds=time.monotonic() - start)
