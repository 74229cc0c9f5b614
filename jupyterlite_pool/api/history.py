"""The results of this notebook's last jobs, and what became of them."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import Future
from functools import partial
from typing import Any

from ..notebook.progress import Progress, clock
from .map_result import MapResult
from .report import progress_of
from .tables import Shown, paragraph, table_html, table_text

#: This many jobs that have ended are remembered.
REMEMBERED = 20


_HEAD = ("job", "name", "state", "time", "items", "failed", "result")


class Entry:
    """One job of the notebook. Of one that has ended it keeps no values."""

    def __init__(self, result: MapResult[Any], future: Future[Any] | None = None) -> None:
        """Follow a job.

        Args:
            future: what the notebook has of the job in place of the result: of a cell in the
                background.
        """
        self.number = result._job.number
        #: Whether it is a cell in the background.
        self.single = future is not None
        self._future = None if future is None else weakref.ref(future)
        #: What became of the job; None while it runs.
        self.ended: Progress | None = None
        self._result = weakref.ref(result)
        #: The result itself, while it has to be kept.
        self._kept: MapResult[Any] | None = result

    @property
    def result(self) -> MapResult[Any] | None:
        """The result; None if nobody has it any more."""
        return self._result()

    @property
    def given(self) -> MapResult[Any] | Future[Any] | None:
        """What the notebook has of the job; None if nobody has it any more."""
        return self._result() if self._future is None else self._future()

    @property
    def kept(self) -> bool:
        """Whether the result is kept here, also if nobody else has it."""
        return self._kept is not None

    @property
    def progress(self) -> Progress:
        """How far the job is, or how it has ended."""
        result = self.result
        if self.ended is not None or result is None:
            assert self.ended is not None, "a result that runs is kept"
            return self.ended
        return progress_of(result._runs)

    def keep(self, kept: bool) -> None:
        """Keep the result, if it is still there, or leave it to those who have it."""
        self._kept = self._result() if kept else None


class History:
    """The last jobs.

    Keeps the results that run, and of those that have ended only the last one that has failures or
    was stopped. All others are the notebook's alone.
    """

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.RLock()

    def add(self, result: MapResult[Any], future: Future[Any] | None = None) -> None:
        """Remember a job that has just started.

        Args:
            future: what the notebook has of it in place of the result.
        """
        entry = Entry(result, future)
        with self._lock:
            self._entries.append(entry)
        result._observers.append(partial(self._look, entry))
        self._look(entry, result)  # it may have ended already

    def entries(self) -> list[Entry]:
        """The jobs that run, and the last ones that have ended; the oldest first."""
        with self._lock:
            return list(self._entries)

    def background(self) -> list[Future[Any]]:
        """The cells in the background that have not ended, and that somebody has."""
        futures = [entry.given for entry in self.entries() if entry.single and entry.ended is None]
        return [future for future in futures if isinstance(future, Future)]

    def last(self) -> MapResult[Any]:
        """The last result that runs or has failed; see `last_result`."""
        kept = [entry.result for entry in self.entries() if entry.kept and not entry.single]
        if not kept or kept[-1] is None:
            raise LookupError("no job of `pool_map` runs, and none has failed")
        return kept[-1]

    def forget(self) -> None:
        """Forget all jobs, and keep no result any more."""
        with self._lock:
            self._entries.clear()

    def shown(self) -> Shown:
        """A table of the jobs, the oldest first."""
        rows = [_row(entry) for entry in self.entries()]
        if not rows:
            text = "no job was started so far"
            return Shown(text, paragraph(text))
        return Shown(table_text(_HEAD, rows), table_html(_HEAD, rows))

    def _look(self, entry: Entry, result: MapResult[Any]) -> None:
        """Look again at a job: it has ended, or items of it run again."""
        with self._lock:
            if not result.done():
                entry.ended = None
                entry.keep(True)
                return
            entry.ended = progress_of(result._runs)
            failed = entry.ended.phase != "done" or entry.ended.failed > 0
            failed = failed and not entry.single  # nothing of it can run again
            entry.keep(failed)
            over = [each for each in self._entries if each.ended is not None]
            for other in over:
                if failed and other is not entry:
                    other.keep(False)
            for old in over[:-REMEMBERED]:
                if not old.kept:
                    self._entries.remove(old)


def _row(entry: Entry) -> tuple[str, ...]:
    now = entry.progress
    total = "?" if now.total is None else now.total
    if entry.ended is None:
        result = "runs"
    elif entry.given is None:
        result = "gone"
    else:
        result = f"%pool job {entry.number}"
    items, failed = f"{now.done}/{total}", str(now.failed)
    return str(entry.number), now.label, now.phase, clock(now.elapsed), items, failed, result


#: The jobs of this notebook.
history = History()


def keep(result: MapResult[Any]) -> None:
    """Remember a job that has just started."""
    history.add(result)


def last_result() -> MapResult[Any]:
    """The result of the last `pool_map` that still runs, or that failed or was stopped.

    Use it when an error has left you without a result: it has the values of the items that
    finished, and `retry_failed` runs the others. Of results that have ended, only this one is kept,
    until another job fails or a retry completes it.

    Raises:
        LookupError: no job runs, and none has failed.
    """
    return history.last()
