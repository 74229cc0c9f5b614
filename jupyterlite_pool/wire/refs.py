"""`ObjectRef`: stands in the arguments of tasks for an object that the workers hold already.

A reference may stand anywhere: in a list, in a dictionary, in a closure. So it is pickle that finds
it: while a call is encoded, every reference that pickle comes across is noted, and what is written
in its place is a call of `fetch`, which a worker answers with the object itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_noted: ContextVar[list[ObjectRef[Any]] | None] = ContextVar("noted", default=None)
_fetcher: ContextVar[Callable[[str], Any] | None] = ContextVar("fetcher", default=None)


class ObjectRef(Generic[T]):
    """An object that `WorkerPoolExecutor.put` keeps for tasks.

    Give it to a task wherever the object itself could stand; the task gets the object. Each worker
    is sent it once, and lets it go when the last reference in the notebook is gone. Tasks of one
    worker share the object: they should not change it.
    """

    def __init__(self, key: str, owner: object) -> None:
        """Made by `WorkerPoolExecutor.put`."""
        self.key = key
        #: Those who hold the object.
        self.owner = owner

    def __repr__(self) -> str:
        return f"<ObjectRef {self.key}>"

    def __copy__(self) -> ObjectRef[T]:
        return self

    def __deepcopy__(self, memo: object) -> ObjectRef[T]:
        return self

    def __reduce__(self) -> tuple[Callable[[str], Any], tuple[str]]:
        noted = _noted.get()
        if noted is None:
            raise pickle.PicklingError(
                "an ObjectRef means something to the workers of its executor only. Give it to a "
                "task as an argument."
            )
        noted.append(self)
        return fetch, (self.key,)


class note_refs:  # noqa: N801 - a context manager, by hand: `contextlib`'s costs more than a task
    """The references that are pickled in the body."""

    def __enter__(self) -> list[ObjectRef[Any]]:
        noted: list[ObjectRef[Any]] = []
        self._token = _noted.set(noted)
        return noted

    def __exit__(self, *_: object) -> None:
        _noted.reset(self._token)


def set_fetcher(fetcher: Callable[[str], Any]) -> None:
    """Say who has the objects that what is decoded next refers to."""
    _fetcher.set(fetcher)


def fetch(key: str) -> Any:
    """The object that a reference stands for; called by pickle, in a worker."""
    fetcher = _fetcher.get()
    if fetcher is None:
        raise pickle.UnpicklingError(f"only a pool worker has the object {key!r}")
    return fetcher(key)
