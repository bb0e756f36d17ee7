"""Turning a cluster's audit webhook on and off by IBM's API: set it, refresh the master, wait until it is settled; or back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from k8s_audit.errors import ChangeError, CloudError, ConflictError
from k8s_audit.platforms.iks.api import IksApi, Master, Webhook

POLL = 15.0
"""Seconds; a refresh takes minutes."""
FAILED = "failed"
"""In the state of a master that did not come to what was asked."""


@dataclass(frozen=True)
class IksChange:
    """The change of one cluster.

    Args:
        api: the cluster.
        timeout: seconds for one refresh of the master.
        stop: ends a wait and goes back.
        say: shows a line to the user.
        poll: seconds between two looks at the master.
    """

    api: IksApi
    timeout: float
    stop: Event
    say: Callable[[str], None]
    poll: float = POLL

    def plan(self, wanted: Webhook, known: Webhook | None, adopt: bool) -> list[str]:
        """What `apply` would do, in words, with nothing changed; the arguments are those of `check`.

        Raises:
            CloudError, ConflictError: why it would fail.
        """
        there = self.check(wanted, known, adopt)
        if there and _same(there, wanted):
            return []
        was = f" (was {there.server})" if there else ""
        return [f"set the audit webhook to {wanted.server}{was}", "refresh the master; its API servers restart"]

    def check(self, wanted: Webhook, known: Webhook | None, adopt: bool) -> Webhook | None:
        """The webhook that is there, if it may be changed.

        Args:
            wanted: what shall be set.
            known: what was ours before; None: nothing.
            adopt: take over somebody else's.

        Raises:
            CloudError: IBM does not tell, or the master is not settled.
            ConflictError: somebody else's is there.
        """
        master = self.api.master()
        if not master.settled:
            raise CloudError(
                f"the master of cluster {self.api.place.cluster} is {_told(master)}; nothing was changed. Wait until it is deployed and Ready"
            )
        there = self.api.webhook()
        if there is None or there.server in (wanted.server, known.server if known else wanted.server):
            return there
        if known:
            raise ConflictError(
                f"the audit webhook of cluster {self.api.place.cluster} is {there.server} since somebody changed it from {known.server};"
                " `pulumi up --refresh` shows it, and then takes it back"
            )
        if not adopt:
            raise ConflictError(
                f"cluster {self.api.place.cluster} already has an audit webhook, {there.server}, and has one alone; we would set {wanted.server}."
                " Ways out: audit:platform.adopt: true takes it over (destroy puts it back); or `ibmcloud ks cluster master audit-webhook unset`"
            )
        if there.certificate:
            raise ConflictError(
                f"the audit webhook {there.server} of cluster {self.api.place.cluster} has a client certificate, whose key IBM does not tell, so it"
                " could not be put back; `ibmcloud ks cluster master audit-webhook unset` first"
            )
        return there

    def apply(self, wanted: Webhook, known: Webhook | None, adopt: bool) -> Webhook | None:
        """Set the webhook, and wait until the API servers have it; the arguments are those of `check`.

        Returns:
            what was there before, if it was somebody else's.

        Raises:
            CloudError, ConflictError: found before anything was changed.
            ChangeError: the master did not come to it; the text says what is set now.
        """
        there = self.check(wanted, known, adopt)
        adopted = None if there is None or known or there.server == wanted.server else there
        ours_whole = known is not None and known.server == (there.server if there else "") and bool(known.key)
        before = known if ours_whole else there  # what IBM tells has no key
        self.api.set_webhook(wanted)
        try:
            self._refresh(self.stop)
        except CloudError as error:
            self._back(error, before)
        return adopted

    def restore(self, ours: str, before: Webhook | None) -> None:
        """Put back what was there before us; somebody else's that is there since stays.

        Args:
            ours: the URL that was set.
            before: what was there before; None: nothing.

        Raises:
            CloudError: IBM refuses, or the master does not settle; the next call goes on.
        """
        there = self.api.webhook()
        if there is not None and there.server not in (ours, before.server if before else ours):
            self.say(
                f"the audit webhook of cluster {self.api.place.cluster} is {there.server}, which is not ours; it stays"
            )
            return
        self._put(before)
        self._refresh(self.stop)

    def _put(self, webhook: Webhook | None) -> None:
        if webhook is None:
            self.api.remove_webhook()
        else:
            self.api.set_webhook(webhook)

    def _refresh(self, stop: Event) -> None:
        """Refresh the master, and wait until it has begun and is settled again."""
        before = self.api.master()
        self.api.refresh()
        deadline = time.monotonic() + self.timeout
        said = ""
        while True:
            now = self.api.master()
            if FAILED in now.state:
                raise CloudError(f"the refresh of the master failed: it is {_told(now)}")
            if now.settled and now.since != before.since:
                return
            if _told(now) != said:
                said = _told(now)
                self.say(f"the master is {said}")
            if time.monotonic() > deadline:
                raise CloudError(f"after {self.timeout:.0f} s the master is {_told(now)}")
            if stop.wait(self.poll):
                raise CloudError("stopped while waiting for the master")

    def _back(self, error: CloudError, before: Webhook | None) -> None:
        now = f"the audit webhook {before.server}" if before else "no audit webhook"
        try:
            self._put(before)
            self.api.refresh()
        except CloudError as other:
            raise ChangeError(
                f"{error}\nThe way back failed, too: {other}\nThe next `up` tries again, `destroy` takes it out"
            ) from None
        raise ChangeError(
            f"{error}\nThe cluster has {now} again, as before, and its master was asked to refresh"
        ) from None


def _same(there: Webhook, wanted: Webhook) -> bool:
    """Whether a webhook is what is wanted; of what IBM does not tell nothing is known."""
    pairs = (
        (there.ca, wanted.ca),
        (there.certificate, wanted.certificate),
        (there.policy, wanted.policy),
    )
    return there.server == wanted.server and all(here in ("", text) for here, text in pairs)


def _told(master: Master) -> str:
    return f"{master.state or 'in no state that IBM tells'}, {master.status or 'without a status'}"
