"""`ObjectRef`: stands in the arguments of tasks for an object that the workers hold already.

A reference may be anywhere in them: in a list, in a dictionary, in a closure. So pickle finds it.
While a call is encoded, every reference that pickle comes across is noted, and a call of `fetch` is
written in its place. In a worker this call returns the object.
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

    Give the reference to a task in place of the object, and the task gets the object. Each worker
    is sent the object once, and forgets it when the notebook has no reference any more. All tasks
    of a worker share the object, so they should not change it.
    """

    def __init__(self, key: str, owner: object) -> None:
        """Made by `WorkerPoolExecutor.put`."""
        self.key = key
        #: The shared objects of the executor that made it.
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
                "an ObjectRef can be sent to the workers of its executor only. Give it to a task "
                "as an argument."
            )
        noted.append(self)
        return fetch, (self.key,)


class note_refs:  # noqa: N801 - a class, because `contextlib` takes longer than a small task
    """A context manager that collects the references that are pickled in its body."""

    def __enter__(self) -> list[ObjectRef[Any]]:
        noted: list[ObjectRef[Any]] = []
        self._token = _noted.set(noted)
        return noted

    def __exit__(self, *_: object) -> None:
        _noted.reset(self._token)


def set_fetcher(fetcher: Callable[[str], Any]) -> None:
    """Set the function that returns the object of a key, for everything that is decoded next."""
    _fetcher.set(fetcher)


def fetch(key: str) -> Any:
    """The object that a reference stands for. Pickle calls this in a worker."""
    fetcher = _fetcher.get()
    if fetcher is None:
        raise pickle.UnpicklingError(f"only a pool worker has the object {key!r}")
    return fetcher(key)
