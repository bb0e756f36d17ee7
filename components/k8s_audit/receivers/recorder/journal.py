"""The files of a recorder: the events as they came, one a line, and beside them an index of when each came.

`<name>.jsonl` has the events, `<name>.index.jsonl` one line an event: auditID, stage, receivedAt, objectRef.name. A batch
is in both files before it is acknowledged, or in neither.
"""

import contextlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REMEMBERED = 100_000
"""Events that can be asked for; the files have all."""
INDEX_TAIL = REMEMBERED * 512
"""Bytes of the index that are read at the start; a line has some 200."""


@dataclass(frozen=True)
class Receipt:
    """When one stage of an event came."""

    auditID: str  # noqa: N815 - as the API server spells it
    stage: str
    receivedAt: str  # noqa: N815
    name: str


class Journal:
    """Append-only files with what came, and a memory of the latest.

    Args:
        folder: where the files lie.
        name: the recorder's.
        remembered: how many events can be asked for.
    """

    def __init__(self, folder: Path, name: str, remembered: int = REMEMBERED) -> None:
        """Read the index; drop a last line that a kill cut off, since its batch was not acknowledged."""
        self.events, self.index = folder / f"{name}.jsonl", folder / f"{name}.index.jsonl"
        self.remembered = remembered
        self.counts = {"batches": 0, "events": 0, "bytes": 0}
        self._lock = threading.Lock()
        self._by_id: OrderedDict[str, Receipt] = OrderedDict()
        self._by_name: dict[str, dict[str, None]] = {}
        for file in (self.events, self.index):
            _drop_half_line(file)
        for line in _tail(self.index, INDEX_TAIL):
            self._remember(line)

    def append(self, events: list[dict[str, Any]], size: int) -> None:
        """Write a batch.

        Args:
            events: audit events, each with an `auditID`.
            size: bytes of the batch as it came.

        Raises:
            OSError: it could not be written; nothing of it is in the files.
            ValueError: a number in it is none in JSON.
        """
        lines = "".join(json.dumps(event, separators=(",", ":"), allow_nan=False) + "\n" for event in events)
        with self._lock:
            now = datetime.now(UTC).isoformat(timespec="microseconds")
            receipts = [_receipt(event, now) for event in events]
            index = "".join(json.dumps(asdict(receipt), separators=(",", ":")) + "\n" for receipt in receipts)
            before = _append(self.events, lines)
            try:
                _append(self.index, index)
            except OSError:
                os.truncate(self.events, before)
                raise
            for receipt in receipts:
                self._remember(receipt)
            self.counts["batches"] += 1
            self.counts["events"] += len(events)
            self.counts["bytes"] += size

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """While this is held, nothing is written."""
        with self._lock:
            yield

    def find(self, audit_id: str) -> Receipt | None:
        """The latest stage that came of an event; None if none of the remembered is it."""
        with self._lock:
            return self._by_id.get(audit_id)

    def named(self, name: str) -> list[str]:
        """The auditIDs of the remembered events on objects of this name, the first that came first."""
        with self._lock:
            return list(self._by_name.get(name, ()))

    def _remember(self, receipt: Receipt) -> None:
        known = self._by_id.get(receipt.auditID)
        if known and known.stage == receipt.stage:
            return  # sent again: the first time counts
        self._by_id[receipt.auditID] = receipt
        self._by_name.setdefault(receipt.name, {})[receipt.auditID] = None
        if len(self._by_id) > self.remembered:
            old, gone = self._by_id.popitem(last=False)
            self._by_name[gone.name].pop(old, None)
            if not self._by_name[gone.name]:
                del self._by_name[gone.name]


def _receipt(event: dict[str, Any], now: str) -> Receipt:
    reference = event.get("objectRef")
    name = reference.get("name") if isinstance(reference, dict) else None
    return Receipt(event["auditID"], str(event.get("stage", "")), now, name if isinstance(name, str) else "")


def _append(path: Path, lines: str) -> int:
    """Append whole lines or nothing; return the size before."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        before = os.fstat(file).st_size
        rest = memoryview(lines.encode("ascii"))
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError:
            os.ftruncate(file, before)
            raise
        return before
    finally:
        os.close(file)


def _drop_half_line(path: Path) -> None:
    if not path.exists():
        return
    with open(path, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        position = end
        while position:
            start = max(0, position - 65536)
            file.seek(start)
            newline = file.read(position - start).rfind(b"\n")
            if newline >= 0:
                position = start + newline + 1
                break
            position = start
        if position != end:
            file.truncate(position)


def _tail(path: Path, size: int) -> list[Receipt]:
    if not path.exists():
        return []
    with open(path, "rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - size)
        file.seek(start)
        if start:
            file.readline()
        receipts = []
        for line in file:
            try:
                receipts.append(Receipt(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # not ours; the events' own file is the truth
        return receipts
