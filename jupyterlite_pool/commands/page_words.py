"""The control channel: words of the page that are heard while a cell runs.

JupyterLite queues every message for a kernel behind the running cell. A `BroadcastChannel` arrives
whenever Python waits. Its name, which nobody can guess, is told to the page by a comm, so that no
other kernel can speak on it. A comm may be lost, so the kernel tells the name again with each cell
and each job, until the page has said that it heard.

Only control words go this way, and what is no such word does nothing; their types are in
`labextension/src/plugin/words.ts`.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..api.executor import job_observers
from ..notebook.page import buttons, page
from ..waiting.browser import IN_BROWSER
from .interrupt import interrupt

#: The target of the comm.
TARGET = "jupyterlite-pool"

#: Seconds between two announcements.
INTERVAL = 1.0

_JOB = re.compile(r"[0-9a-f]{16}")


class Word(NamedTuple):
    """A control word: its fields beside `type`, whether a value fits, and what is done."""

    field: str | None
    act: Callable[[Any], bool]


class Control:
    """The channel of this kernel."""

    def __init__(self, open: Callable[[str, Callable[[Any], None]], None]) -> None:
        """Listen on a new channel; `open` opens it under a name, for a listener."""
        self.name = f"{TARGET}-{secrets.token_hex(16)}"
        self.heard = False
        self._announced_at = -INTERVAL
        self._words = {
            "heard": Word(None, self._on_heard),
            "interrupt": Word(None, self._on_interrupt),
            "cancel": Word("job", self._on_cancel),
            "settings": Word("settings", page.accept),
        }
        open(self.name, self.hear)

    def announce(self) -> None:
        """Tell the page the channel's name, unless it is known there."""
        page.read()
        now = time.monotonic()
        if self.heard or not page.present or now - self._announced_at < INTERVAL:
            return
        self._announced_at = now
        from comm import create_comm

        create_comm(target_name=TARGET, data={"channel": self.name})

    def hear(self, said: object) -> None:
        """Do what a control word says; anything else is ignored, with a line in the console."""
        if not self._obey(said):
            _complain()

    def _obey(self, said: object) -> bool:
        kind = said.get("type") if isinstance(said, dict) else None
        word = self._words.get(kind) if isinstance(kind, str) else None
        if word is None or not isinstance(said, dict):
            return False
        if set(said) != {"type"} | ({word.field} if word.field else set()):
            return False
        return word.act(said[word.field] if word.field else None)

    def _on_heard(self, _: object) -> bool:
        self.heard = True
        return True

    def _on_interrupt(self, _: object) -> bool:
        interrupt()
        return True

    def _on_cancel(self, job: object) -> bool:
        if not isinstance(job, str) or not _JOB.fullmatch(job):
            return False
        cancel = buttons.get(job)
        if cancel is not None:  # it may have ended, and pages speak to all their kernels
            cancel()
        return True


_control: Control | None = None


def listen() -> None:
    """Open the channel of this kernel, once, and tell the page where there is one."""
    global _control
    if _control is None and IN_BROWSER:
        _control = Control(_open)
        job_observers.append(_control.announce)
        _control.announce()


def cell_begins(*_: object) -> None:
    """A cell begins: called by IPython."""
    if _control is not None:
        _control.announce()


def _open(name: str, listener: Callable[[Any], None]) -> None:
    import js
    from pyodide.ffi import create_proxy

    def on_message(event: Any) -> None:
        try:
            said = json.loads(js.JSON.stringify(event.data))
        except Exception:  # what JSON cannot carry is no control word
            said = None
        listener(said)

    channel = js.BroadcastChannel.new(name)
    channel.onmessage = create_proxy(on_message)


def _complain() -> None:
    if IN_BROWSER:
        import js

        js.console.warn("jupyterlite-pool: the kernel ignores a message that is no control word")
