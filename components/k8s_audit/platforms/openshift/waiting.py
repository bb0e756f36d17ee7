"""Waiting for OpenShift's operator, which brings a change to one control-plane node after the other and restarts its API server."""

import time
from collections.abc import Callable, Sequence
from threading import Event

from k8s_audit.errors import ChangeError


def wait_until_rolled(
    look: Callable[[], Sequence[str]],
    late: Callable[[str], str],
    timeout: float,
    poll: float,
    stop: Event,
    say: Callable[[str], None],
) -> None:
    """Look until nothing is left to come.

    Args:
        look: what is still to come, in words, the first of it first; empty: nothing.
        late: what to say when it does not come, given all that is left.
        timeout: seconds.
        poll: seconds between two looks.
        stop: ends the wait.
        say: is told what is waited for, each time that is another thing.

    Raises:
        ChangeError: it does not come in time, or `stop` was set.
    """
    end, told = time.monotonic() + timeout, ""
    while left := look():
        if left[0] != told:
            told = left[0]
            say(f"waiting for the API servers: {told}")
        if stop.wait(poll):
            raise ChangeError(f"stopped while waiting for the API servers: {'; '.join(left)}")
        if time.monotonic() > end:
            raise ChangeError(late("; ".join(left)))
