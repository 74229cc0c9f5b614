"""The functions and objects that a worker holds, by their keys."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import RemoteUnpicklingError
from ..wire.by_value.classes import State
from ..wire.by_value.updates import note_states, restore
from ..wire.calls import decode_function
from ..wire.payload import Found, decode
from .cell_bodies import CellBody
from .context_variables import WorkerContext
from .set_up_globals import SetUpCall, SharedNames


class HeldObjects:
    """What was put on a worker: read when the first task needs it, and then kept.

    Args:
        context: the worker's own context variables. Modules that are imported in it stay.
    """

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        #: The functions that were read.
        self.functions: dict[str, Callable[..., Any]] = {}
        #: The keys of functions that need nothing before a call of plain arguments.
        self.quick: set[str] = set()
        #: What set-ups have changed.
        self.names = SharedNames()
        #: The classes that functions have brought, as they were when the functions were sent.
        self._states: dict[str, list[tuple[type, State]]] = {}
        # Not decoded yet: a function that cannot be read must fail its tasks, not the frame that
        # brought it.
        self._encoded: dict[str, tuple[bytes, Sequence[Any]]] = {}
        #: Objects of references, decoded when the first task needed them.
        self._objects: dict[str, Any] = {}

    def put(self, key: str, payload: bytes, buffers: Sequence[Any]) -> None:
        """Keep an object."""
        self._encoded[key] = (payload, buffers)

    def drop(self, key: str) -> None:
        """Forget an object."""
        self._encoded.pop(key, None)
        self.functions.pop(key, None)
        self._states.pop(key, None)
        self.quick.discard(key)
        self.names.drop(key)
        self._objects.pop(key, None)

    def fetch(self, key: str) -> Any:
        """The object of a reference; all tasks share it."""
        if key not in self._objects:
            found: list[Found] = []
            self._objects[key] = decode(*self._encoded[key], found)
            self.names.add(key, found)
            del self._encoded[key]
        return self._objects[key]

    def read(
        self, key: str, call: tuple[Any, ...] | bytes, buffers: Sequence[Any]
    ) -> tuple[Callable[..., Any], Any, Any]:
        """A function and the arguments of a call of it.

        Raises:
            RemoteUnpicklingError: one of them cannot be read.
        """
        function = self.functions.get(key)
        if function is not None and type(call) is tuple:  # the quick way of most small tasks
            if key in self._states:
                self._restore(key)
            return function, call, {}
        try:
            # In the worker's own context: modules that are imported now stay.
            try:
                return self._context.own.run(self._decode, key, call, buffers)
            except ModuleNotFoundError:
                importlib.invalidate_caches()  # the module may be a moment old
                return self._context.own.run(self._decode, key, call, buffers)
        except BaseException as error:
            raise RemoteUnpicklingError(
                f"the worker could not read the call: {type(error).__name__}: {error}"
            ) from error

    def _decode(
        self, key: str, call: tuple[Any, ...] | bytes, buffers: Sequence[Any]
    ) -> tuple[Callable[..., Any], Any, Any]:
        function = self.functions.get(key)
        if function is None:
            found: list[Found] = []
            with note_states() as states:
                function = decode_function(*self._encoded[key], found)
            body = getattr(function, "__wrapped__", function)
            if isinstance(body, CellBody):
                found.append(body.names)  # they are the globals of its body
                body.states = states
                if not body.sees_worker:
                    found, states = [], []
            self.names.add(key, found)
            if states:
                self._states[key] = states
            elif not isinstance(function, SetUpCall):
                self.quick.add(key)
            self.functions[key] = function
            del self._encoded[key]
            self._context.look_again()
        elif key in self._states:
            self._restore(key)
        if isinstance(call, tuple):
            return function, call, {}
        sets_up = isinstance(function, SetUpCall)
        args, kwargs = self._decode_arguments(call, buffers, key if sets_up else None)
        return function, args, kwargs

    def _decode_arguments(self, payload: bytes, buffers: Sequence[Any], key: str | None) -> Any:
        """The arguments of a call; a set-up is named by its key, as it may change what comes."""
        if not self.names and key is None:
            return decode(payload, buffers)
        found: list[Found] = []
        arguments = decode(payload, buffers, found)
        self.names.fill(found)
        if key is not None:
            self.names.extend(key, found)
        return arguments

    def _restore(self, key: str) -> None:
        """Bring the classes of a function to the states with which it came."""
        if restore(self._states[key]):
            self.names.refill(key)  # what set-ups have changed in them is still wanted
