"""What Python does when it is told, while it computes, that somebody wants it to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from jupyterlite_pool.commands import interrupt as _interrupt

LIBRARY = os.path.join(os.path.dirname(os.__file__), "json", "decoder.py")


class Asker:
    """Stands in for what asks the page, and counts the wishes that were put off."""

    def __init__(self) -> None:
        self.put_off = 0

    def putOff(self) -> int:  # noqa: N802 - as in JavaScript
        self.put_off += 1
        return self.put_off


@pytest.fixture
def asker(monkeypatch: pytest.MonkeyPatch) -> Asker:
    asker = Asker()
    monkeypatch.setattr(_interrupt, "page_asker", lambda: asker)
    return asker


@pytest.fixture
def cancelled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The cells whose jobs were cancelled; cell 7 runs."""
    cells: list[object] = []
    monkeypatch.setattr(_interrupt, "cancel_all", lambda cell=None: cells.append(cell))
    monkeypatch.setattr(_interrupt, "current_cell", lambda: 7)
    monkeypatch.setattr(_interrupt, "_let_loop_go_on", lambda: None)
    return cells


def stack(*frames: tuple[str, str]) -> Any:
    """Frames of these modules and files, the innermost first."""
    frame = None
    for module, file in reversed(frames):
        frame = SimpleNamespace(
            f_globals={"__name__": module}, f_code=SimpleNamespace(co_filename=file), f_back=frame
        )
    return frame


CELL = ("__main__", "<ipython-input-3>")
OURS = ("jupyterlite_pool.dispatch.listener", "/lib/python3.14/site-packages/ours.py")
PYTHONS = ("json.decoder", LIBRARY)
FROZEN = ("importlib._bootstrap", "<frozen importlib._bootstrap>")
ZIPPED = ("asyncio.events", "/lib/python314.zip/asyncio/events.py")


@pytest.mark.parametrize("frames", [(CELL,), (PYTHONS, CELL, FROZEN), (CELL, OURS, CELL, ZIPPED)])
def test_code_of_the_notebook_gets_an_interrupt(
    asker: Asker, cancelled: list[object], frames: Any
) -> None:
    with pytest.raises(KeyboardInterrupt):
        _interrupt._on_signal(signal.SIGINT, stack(*frames))
    assert (asker.put_off, cancelled) == (0, [7])


@pytest.mark.parametrize(
    "frames", [(OURS, CELL), (PYTHONS, OURS, CELL), (CELL, OURS, ZIPPED), (PYTHONS, FROZEN), ()]
)
def test_the_pool_and_the_kernel_are_not_interrupted_in_the_middle(
    asker: Asker, cancelled: list[object], frames: Any
) -> None:
    _interrupt._on_signal(signal.SIGINT, stack(*frames))
    assert (asker.put_off, cancelled) == (1, [])


def test_a_wish_is_not_put_off_for_ever(asker: Asker, cancelled: list[object]) -> None:
    for _ in range(_interrupt.PATIENCE):
        _interrupt._on_signal(signal.SIGINT, stack(OURS))
    with pytest.raises(KeyboardInterrupt):
        _interrupt._on_signal(signal.SIGINT, stack(OURS))


@pytest.fixture
def handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_handler_of_the_notebooks_own_stays(handler: None) -> None:
    def own(*_: object) -> None: ...

    signal.signal(signal.SIGINT, own)
    _interrupt.obey_signals()
    assert signal.getsignal(signal.SIGINT) is own
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _interrupt.obey_signals()
    assert signal.getsignal(signal.SIGINT) is _interrupt._on_signal
