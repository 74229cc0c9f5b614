"""The words of the page, which arrive while a cell runs.

The kernel tells the page by a comm that it listens, and how words reach it (`page_ways.py`). A comm
may be lost, so the kernel tells it again with each cell and each job, until the page says that it
heard.

What is no word is ignored. The types of all words are in
`labextension/src/plugin/kernels/words.ts`.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..api.kernel_state import kernel_state
from ..dispatch.pool import observe_jobs
from ..notebook.page import buttons, is_number, is_whole, page
from ..notebook.state import as_data
from ..notebook.state_channel import TARGET as STATE
from ..notebook.state_channel import StateChannel
from ..waiting.browser import IN_BROWSER, page_asker
from .interrupt import interrupt, obey_signals
from .page_questions import answer
from .page_ways import Way, complain, way_of_page

#: The target of the comm.
TARGET = "jupyterlite-pool"

#: Seconds between two announcements.
INTERVAL = 1.0

#: Words that kernels of earlier releases do not know. A page says them to kernels that list them.
KNOWS = ("look", "ask", "options")

_JOB = re.compile(r"[0-9a-f]{16}")


class Word(NamedTuple):
    """A kind of control word."""

    #: Its field beside `type`; None if it has no other.
    field: str | None
    #: Does what the word says with the field's value; returns False if the value is wrong.
    act: Callable[[Any], bool]
    #: Whether the field may be left out; its value is None then.
    optional: bool = False


class Control:
    """Hears the page of this kernel."""

    def __init__(self, way: Way) -> None:
        """Listen from now on.

        Args:
            way: brings the words.
        """
        page.life = secrets.token_hex(16)
        self.name = f"{TARGET}-{secrets.token_hex(16)}"
        self.heard = False
        self._way = way
        self._announced_at = -INTERVAL
        self._words = {
            "hello": Word("page", self._on_hello),
            "heard": Word(None, self._on_heard),
            "interrupt": Word("wish", self._on_interrupt, optional=True),
            "cancel": Word("job", self._on_cancel),
            "settings": Word("settings", page.accept),
            "options": Word("options", page.accept_options),
            "look": Word("look", self._on_look),
            "ask": Word("question", self._on_ask),
        }
        #: Sends the state of the pools to the pages that show it.
        self._states = StateChannel(_take_state, _open_comm, _LoopClock())
        way.open(self.name, self.hear)

    def announce(self) -> None:
        """Tell the page how its words reach this kernel, unless the page knows."""
        page.read()
        now = time.monotonic()
        if self.heard or not page.present or now - self._announced_at < INTERVAL:
            return
        self._announced_at = now
        from comm import create_comm

        told = {"channel": self.name, "life": page.life, "wishes": True, "knows": list(KNOWS)}
        create_comm(target_name=TARGET, data={**told, **self._way.told})

    def hear(self, said: object) -> None:
        """Do what a control word says. Ignore anything else, with a line in the console."""
        if not self._obey(said):
            complain()

    def _obey(self, said: object) -> bool:
        kind = said.get("type") if isinstance(said, dict) else None
        word = self._words.get(kind) if isinstance(kind, str) else None
        if word is None or not isinstance(said, dict):
            return False
        fields = {"type"} | ({word.field} if word.field else set())
        if set(said) != fields and not (word.optional and set(said) == {"type"}):
            return False
        return word.act(said.get(word.field) if word.field else None)

    def _on_hello(self, told: object) -> bool:
        """A page that has just come tells its settings, and wants to know whether this listens."""
        if not isinstance(told, dict) or set(told) != {"settings", "options"}:
            return False
        if not page.accept(told["settings"]) or not page.accept_options(told["options"]):
            return False
        self.heard, self._announced_at = False, -INTERVAL
        self.announce()
        return True

    def _on_heard(self, _: object) -> bool:
        self.heard = True
        return True

    def _on_interrupt(self, wish: object) -> bool:
        """Stop what runs, unless Python has heard of the wish already, while it computed."""
        if wish is not None and not _is_wish(wish):
            return False
        if wish is None:
            interrupt()
        elif _is_news(wish) and not interrupt():
            asker = page_asker()
            if asker is not None:
                asker.putOff()  # the cell may compute later
        return True

    def _on_look(self, look: object) -> bool:
        """A page looks at the pools."""
        if not isinstance(look, dict) or set(look) != {"viewer", "every"}:
            return False
        viewer, every = look["viewer"], look["every"]
        if not _is_name(viewer) or not is_number(every):
            return False
        self._states.look(viewer, float(every))
        return True

    def _on_ask(self, question: object) -> bool:
        """A page asks something, or asks for something to be done."""
        if not isinstance(question, dict) or not _is_name(question.get("viewer")):
            return False
        if not is_whole(question.get("number")):
            return False
        self._states.answer(question["viewer"], int(question["number"]), answer(question))
        return True

    def _on_cancel(self, job: object) -> bool:
        if not isinstance(job, str) or not _JOB.fullmatch(job):
            return False
        cancel = buttons.get(job)
        if cancel is not None:  # the job may have ended, or be of another kernel of the page
            cancel()
        return True


_control: Control | None = None


def listen() -> None:
    """Listen to the page of this kernel, once, and tell it so."""
    global _control
    way = way_of_page() if _control is None else None
    if way is not None:
        _control = Control(way)
        observe_jobs(cell_begins)
        if IN_BROWSER:
            obey_signals()
        _control.announce()


def cell_begins(*_: object) -> None:
    """Tell the page again, if necessary. Called by IPython when a cell begins."""
    if _control is not None:
        _control.announce()


def _is_name(name: object) -> bool:
    """Whether this is a random name of 64 bits."""
    return isinstance(name, str) and _JOB.fullmatch(name) is not None


def _take_state() -> Any:
    return as_data(kernel_state())


def _open_comm(viewer: str) -> Any:
    from comm import create_comm

    return create_comm(target_name=STATE, data={"viewer": viewer})


class _LoopClock:
    """The time of the event loop."""

    now = staticmethod(time.monotonic)

    def call_later(self, seconds: float, action: Callable[[], None]) -> object:
        return asyncio.get_event_loop().call_later(seconds, action)


def _is_wish(wish: object) -> bool:
    """Whether these are the number and the time of a wish (`interrupt/exchange.ts`)."""
    return (
        isinstance(wish, dict)
        and set(wish) == {"number", "at"}
        and all(isinstance(value, (int, float)) for value in wish.values())
    )


def _is_news(wish: Any) -> bool:
    """Whether a wish is to be obeyed now, by what the kernel was told while it computed."""
    asker = page_asker()
    return asker is None or bool(asker.take(wish["number"], wish["at"]))
