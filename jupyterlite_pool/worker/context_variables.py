"""Context variables of tasks, such as the context of `decimal`.

In a process, what an initializer sets in context variables holds for all tasks. Here each task runs
in a copy of the worker's own context, which only initializers change. So a task finds what they
have set, and nothing that another task has set.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Generator
from contextvars import Context, ContextVar
from typing import Any, Generic, TypeVar

T = TypeVar("T")

#: The name of the variable that holds the context of `decimal`.
DECIMAL = "decimal_context"


class WorkerContext:
    """The context variables of a worker.

    Args:
        own: the context to begin with. Initializers run in it.
    """

    def __init__(self, own: Context) -> None:
        self.own = own
        #: `decimal` changes its context in place, so that each task needs a copy of this one, too.
        self._decimal: tuple[ContextVar[Any], Any] | None = None
        self._size = len(own)

    def look_again(self) -> None:
        """Something may have been set in the worker's own context."""
        self._size = len(self.own)
        found = [(variable, value) for variable, value in self.own.items()]
        self._decimal = next((entry for entry in found if entry[0].name == DECIMAL), None)

    @property
    def shared(self) -> bool:
        """Whether tasks may share a context, as long as none of them changes it."""
        return self._decimal is None

    def of_task(self) -> Context:
        """A context for the next task."""
        if len(self.own) != self._size:  # reading arguments can set a variable, as of a `Decimal`
            self.look_again()
        context = self.own.copy()
        if self._decimal is not None:
            variable, value = self._decimal
            context.run(variable.set, value.copy())
        return context


class Within(Generic[T]):
    """Awaits something in a context.

    A task of asyncio could do that, too. But `SystemExit` in it would end the event loop.
    """

    def __init__(self, context: Context, awaitable: Awaitable[T]) -> None:
        self._context = context
        self._awaitable = awaitable
        #: Whether the event loop has the turn, and what it waits for.
        self.waits = False
        self._waits_for: Any = None
        #: Whether it is to be cancelled.
        self._stopped = False

    def stop(self) -> None:
        """Cancel the awaitable; if it then ends as cancelled, `KeyboardInterrupt` is raised.

        As a task of asyncio does it: what waits in the awaitable, such as a `TaskGroup`, ends the
        tasks that it has started.
        """
        self._stopped = True
        cancel = getattr(self._waits_for, "cancel", None)
        if cancel is not None:
            cancel()

    def __await__(self) -> Generator[Any, Any, T]:
        running = _await(self._awaitable)
        step: Any = running.send
        what: Any = None
        asked = False
        while True:
            try:
                awaited = self._context.run(step, what)
            except StopIteration as end:
                value: T = end.value
                return value
            except CancelledError:
                if asked:
                    raise KeyboardInterrupt from None
                raise
            self.waits, self._waits_for = True, awaited
            try:
                step, what = running.send, (yield awaited)
            except BaseException as error:
                step, what = running.throw, error
            self.waits, self._waits_for = False, None
            if self._stopped and not asked:
                asked = True
                step, what = running.throw, CancelledError()


async def _await(awaitable: Awaitable[T]) -> T:
    return await awaitable
