"""A notebook that lists what is shown in it, and a pool whose clock the tests move."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import IPython.display
import pytest
from ipywidgets import Widget
from ipywidgets.widgets import widget as ipywidgets_widget

from jupyterlite_pool.jobs.job import MapJob
from jupyterlite_pool.jobs.options import MapOptions
from jupyterlite_pool.jobs.tasks import Outcome, Task, TaskSource
from jupyterlite_pool.notebook import card as _card
from jupyterlite_pool.notebook.face import WIDGET
from jupyterlite_pool.notebook.page import buttons


def _instances() -> dict[str, Any]:
    """The widgets that there are, by their names. ipywidgets 7 has them elsewhere."""
    inside = vars(ipywidgets_widget)
    if "_instances" not in inside:
        return dict(Widget.widgets)
    return dict(inside["_instances"])


class FakePool:
    """Makes later calls when a test asks for them."""

    def __init__(self) -> None:
        self.ready_workers = {0, 1}
        self.running: Mapping[int, Task] = {}
        self.later: list[tuple[float, Callable[[], None]]] = []
        #: Jobs that the page may cancel by a name while the notebook computes.
        self.cancellable: dict[str, MapJob] = {}

    def running_tasks(self, source: TaskSource) -> Mapping[int, Task]:
        return self.running

    def call_later(self, seconds: float, action: Callable[[], None]) -> Callable[[], None]:
        entry = (seconds, action)
        self.later.append(entry)
        return lambda: self.later.remove(entry) if entry in self.later else None

    def let_cancel(self, job: MapJob, name: str, cancel: Callable[[], None]) -> None:
        self.cancellable[name] = job

    def tick(self) -> float:
        """Make the next call that is due; returns how many seconds it was to wait."""
        seconds, action = self.later.pop(0)
        action()
        return seconds


class Shown:
    """Lists the displays."""

    def __init__(self) -> None:
        self.displays: list[tuple[dict[str, Any], bool]] = []

    def display(self, data: dict[str, Any], *, update: bool, **_: Any) -> None:
        self.displays.append((data, update))

    @property
    def widgets(self) -> set[str]:
        """The widgets that there are."""
        return set(_instances())

    def matches(self, pattern: str) -> bool:
        """Whether the last line of text begins as a pattern says."""
        return re.match(pattern, self.displays[-1][0]["text/plain"]) is not None


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shown]:
    notebook = Shown()
    monkeypatch.setattr(_card, "_shell", lambda: notebook)
    monkeypatch.setattr(IPython.display, "display", notebook.display)
    yield notebook
    buttons.clear()
    for widget in list(_instances().values()):
        widget.close()


def widget_of(notebook: Shown, display: int = 0) -> Any:
    """The widget that a display shows."""
    return _instances()[notebook.displays[display][0][WIDGET]["model_id"]]


def job_of(count: int) -> MapJob:
    return MapJob(abs, [range(count)], MapOptions(return_exceptions=True))


def finish(job: MapJob, error: BaseException | None = None) -> None:
    for task in job.take(1):
        job.finish(task, Outcome(0, 0.1, value=1, error=error))
