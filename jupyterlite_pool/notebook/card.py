"""The card that shows how far a job, or the calls of a cell, have come.

A kernel cannot know whether the page can show widgets. So one display carries the card in three
forms: as a widget, which is cheap to change, as HTML, and as a line of text. When its subject has
ended, the display loses the widget, so that a saved notebook shows the final state.

Where the page has the labextension, the display says to which life of the kernel the card
belongs. The page shows the widget while that life lasts, and the HTML after it, which says that the
kernel is gone. So the HTML may say so from the beginning: nobody sees it before.
"""

from __future__ import annotations

import secrets
import sys
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from ..jobs.bursts import Burst, Bursts
from ..jobs.call_queue import CallQueue
from ..jobs.job import MapJob
from ..jobs.tasks import Task
from .cell import in_cell
from .face import WIDGET, Face, make_face
from .markup import card_html, details_html, live_html, saved_html
from .page import NEVER, buttons, page
from .progress import Progress
from .subjects import BurstSubject, JobSubject, Pool, Subject

#: The kind of output by which the labextension knows a card, and the version of what is in it.
CARD, VERSION = "application/vnd.jupyterlite-pool.card+json", 1

#: Seconds between two changes of the card.
INTERVAL = 0.1

#: Looks from one change of what is folded away to the next.
DETAILS_AFTER = 5

#: Looks from one change of the output to the next: where the page shows the widget for certain, and
#: where it may show it. A change of the output is one of the notebook's document.
GUARDED_AFTER, WIDGET_AFTER = 20, 10

#: A burst of calls has ended if it has nothing to do for this many looks.
IDLE_LOOKS = 2


def show_progress(job: MapJob, label: str, progress: bool | None, pool: Pool) -> None:
    """Show the card of a job, where there is a notebook.

    Args:
        label: the name of the job on its card.
        progress: True to show the card at once, False to show none, None to show it if the job
            still runs after some time.
        pool: runs the job.
    """
    if progress is False or not job.active or _shell() is None:
        return
    card = Card(JobSubject(job, label, pool), pool)
    job.ended.add_done_callback(lambda _: card.end())
    if progress:
        card.show()
    elif page.progress_after < NEVER:
        card.show_later(page.progress_after)


def show_calls(
    calls: CallQueue,
    pool: Pool,
    *,
    counted: bool = True,
    size: Callable[[Task], int] | None = None,
) -> None:
    """Show a card for the calls that a cell makes, if they take some time.

    Args:
        calls: the queue of the calls.
        pool: runs them.
        counted: whether the calls that a cell has made so far are probably all.
        size: says as how many a call counts; None for one.
    """
    if _shell() is not None:
        begins = BurstCards(pool).begins
        calls.count_with(Bursts(calls, begins, counted=counted, size=size))


#: The widgets of the last cards that have ended. The page of a notebook that was closed and opened
#: again while they moved still shows them: it does not hear that their output has changed.
_ended: deque[Face] = deque()
MOST_ENDED = 20


def _retire(face: Face) -> None:
    face.remove_button()
    _ended.append(face)
    if len(_ended) > MOST_ENDED:
        _ended.popleft().close()


def _come_back(face: Face | None) -> Face | None:
    """The face, if its widget is still there."""
    if face not in _ended or face is None:
        return None
    _ended.remove(face)
    return face


class Card:
    """A card."""

    def __init__(self, subject: Subject, pool: Pool) -> None:
        self._subject = subject
        self._pool = pool
        self._id = uuid.uuid4().hex
        #: The name of its button.
        self._button = secrets.token_hex(8)
        self._face: Face | None = None
        #: Whether its output is there.
        self._displayed = False
        #: Whether it changes.
        self._moves = False
        #: Whether the page shows the widget only as long as this kernel lives.
        self._guarded = False
        self._looks = 0
        #: Whether it has told of a failure.
        self._told_failure = False
        #: Calls off the next change of the card.
        self._call_off: Callable[[], None] = lambda: None

    def show_later(self, seconds: float) -> None:
        """Show the card after some time, if its subject has not ended by then."""
        self._call_off = self._pool.call_later(seconds, self.show)

    def show(self) -> None:
        """Put the card under the cell, or let it go on, and keep it current."""
        subject = self._subject
        if self._moves or not subject.active:
            return
        self._moves = True
        self._face = self._new_face()
        if self._face is not None and (page.widgets or subject.single):
            word = "Stop" if subject.single else "Cancel"
            self._face.add_button(word, self._button, self._cancel)
            buttons[self._button] = self._cancel
            subject.let_cancel(self._button)
        self._guarded = self._face is not None and page.cards and page.life is not None
        progress = subject.progress()
        self._draw(progress, details=True)
        self._display(progress)
        self._announce("started")
        self._call_off = self._pool.call_later(INTERVAL, self._look)

    def end(self) -> None:
        """Show how it has ended."""
        self._call_off()
        buttons.pop(self._button, None)
        if not self._moves:
            return
        self._moves = False
        progress = self._subject.progress()
        self._draw(progress, details=True)
        face, self._face = self._face, None
        self._display(progress)
        if face is not None:
            _retire(face)

    def _new_face(self) -> Face | None:
        return make_face(self._subject.label, folds=not self._subject.single)

    def is_over(self) -> bool:
        """Whether a subject that is not active will not go on. A job tells of its end itself."""
        return True

    def _cancel(self) -> None:
        if self._subject.active:  # the kernel hears of a click late
            self._subject.cancel()

    def _look(self) -> None:
        if not self._subject.active and self.is_over():
            self.end()
            return
        self._looks += 1
        progress = self._subject.progress()
        self._draw(progress, details=self._looks % DETAILS_AFTER == 0)
        if progress.failed and not self._told_failure:
            self._told_failure = True
            self._announce("an item has failed")
        if self._looks % self._display_after() == 0:
            self._display(progress)
            if not self._moves:  # another thread has ended it meanwhile
                self._display(self._subject.progress())
                return
        self._call_off = self._pool.call_later(INTERVAL, self._look)

    def _display_after(self) -> int:
        """After how many looks the output changes."""
        if self._face is None:
            return 1
        if self._guarded:
            return GUARDED_AFTER
        # If the widget is surely seen, drawing the display anew would only take the focus away.
        return sys.maxsize if page.widgets else WIDGET_AFTER

    def _draw(self, progress: Progress, *, details: bool) -> None:
        if self._face is None:
            return
        self._face.draw(live_html(progress))
        if details and not self._subject.single:
            self._face.draw_folded(details_html(self._subject.details()))

    def _announce(self, news: str) -> None:
        if self._face is not None:
            self._face.announce(f"{self._subject.label}: {news}")

    def _display(self, progress: Progress) -> None:
        from IPython.display import display

        details = self._subject.details()
        saved = progress.gone() if self._guarded else progress
        words = saved.words if self._guarded else saved.words_now()
        draw = saved_html if self._guarded else card_html
        html = draw(progress, details)
        data: dict[str, Any] = {
            "text/plain": f"{progress.label}: {words} · {saved.text()}",
            "text/html": html,
        }
        if self._face is not None:
            data[WIDGET] = self._face.view
        if self._guarded:
            # The widget goes at the end, so the page itself lets screen readers say how it ended.
            ended = self._face is None
            news = f"{progress.label}: {progress.words}, {progress.text()}" if ended else ""
            data[CARD] = {"version": VERSION, "life": "" if ended else page.life, "news": news}
        with in_cell(self._subject.cell):
            display(data, raw=True, display_id=self._id, update=self._displayed)
        self._displayed = True


class BurstCard(Card):
    """The card of the calls of a cell, which goes on if the cell makes more of them."""

    def __init__(self, burst: Burst, pool: Pool) -> None:
        super().__init__(BurstSubject(burst, pool), pool)
        self._burst = burst
        self._idle = 0
        #: The face of before, which a notebook that was opened again still shows.
        self._last: Face | None = None

    def _new_face(self) -> Face | None:
        return _come_back(self._last) or super()._new_face()

    def begins(self) -> None:
        """There are calls to look at, now and until none is left for some time."""
        self._burst.watched = True
        self._idle = 0
        self._call_off = self._pool.call_later(page.progress_after, self._after_some_time)

    def end(self) -> None:
        """Show how they have ended; the next call begins anew."""
        self._last = self._face or self._last
        super().end()
        self._burst.watched = False

    def is_over(self) -> bool:
        """Whether there was nothing to do for some time: one call may follow another."""
        self._idle += 1
        return self._idle > IDLE_LOOKS

    def _look(self) -> None:
        if self._subject.active:
            self._idle = 0
        super()._look()

    def _after_some_time(self) -> None:
        if self._subject.active:
            self.show()
        else:
            self._burst.watched = False


class BurstCards:
    """Makes a card for each burst that takes some time."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._card: BurstCard | None = None
        self._burst: Burst | None = None

    def begins(self, burst: Burst) -> None:
        """A burst has something to do, and nobody looks at it."""
        if burst.cell is None or page.progress_after >= NEVER:
            return
        if self._card is None or self._burst is not burst:
            self._burst, self._card = burst, BurstCard(burst, self._pool)
        self._card.begins()


def _shell() -> Any:
    """The notebook's shell; None outside of a notebook."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
