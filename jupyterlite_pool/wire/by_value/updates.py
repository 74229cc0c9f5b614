"""What becomes of a class when its recipe comes to a process that knows it.

- If the recipe comes with a call, the class becomes what it was in the notebook when the call was
  made: what is new is set, and what is gone is deleted. What a task has changed in its worker stays
  while the notebook does not change the same attribute, as in a process.
- If it comes with a result, or with an object that was sent once for many tasks, the class stays as
  it is. So nothing that comes back changes a class of the notebook.
- If it comes from this very process, as it does without a browser, the class stays as it is, too.

The notebook has changed an attribute if its contents differ from those that came last. A task has
changed it if its contents differ from those with which it came. An attribute that neither has
changed is set again, so that it is the same object for all that comes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from .anatomy import Attributes, split
from .classes import Record, State, new_record, reading, record_of, set_attributes
from .contents import contents

#: Where states that arrive are noted.
_noted: ContextVar[list[tuple[type, State]] | None] = ContextVar("noted", default=None)


def settle(start: int) -> None:
    """Finish the classes that were read since `reading.pending` had this length.

    Call this when everything is read that was begun then.
    """
    read = reading.pending[start:]
    del reading.pending[start:]
    noted = _noted.get()
    for _, state, _ in read:
        for name, value in state.attributes.items():
            state.contents[name] = contents(value, whole=True)
    _bring([(cls, state) for cls, state, _ in read], again=True)
    if noted is not None:
        noted.extend((cls, state) for cls, state, updates in read if updates)


class note_states:  # noqa: N801 - a context manager, as `note_refs`
    """Collects the states of classes that calls bring, while its body reads."""

    def __enter__(self) -> list[tuple[type, State]]:
        noted: list[tuple[type, State]] = []
        self._token = _noted.set(noted)
        return noted

    def __exit__(self, *_: object) -> None:
        _noted.reset(self._token)


def restore(states: Sequence[tuple[type, State]]) -> bool:
    """Bring classes back to the states that they had when a function was sent.

    Returns:
        False if they had these states already.
    """
    for cls, state in states:
        record = record_of(cls)
        if record is None or record.version is not state.version:
            _bring(states, again=False)
            return True
    return False


@contextmanager
def as_sent(states: Sequence[tuple[type, State]]) -> Iterator[None]:
    """Let classes have the very attributes with which a function came, while the body runs.

    What tasks have changed in them, and what the body changes, is as before afterwards.
    """
    kept = [(cls, split(cls)[0]) for cls, _ in states]
    for cls, state in states:
        _replace(cls, state.attributes)
    try:
        yield
    finally:
        for cls, attributes in kept:
            _replace(cls, attributes)


def _replace(cls: type, attributes: Attributes) -> None:
    own = split(cls)[0]
    for name in own.keys() - attributes.keys():
        type.__delattr__(cls, name)
    for name, value in attributes.items():
        if name not in own or own[name] is not value:
            type.__setattr__(cls, name, value)


def _bring(states: Sequence[tuple[type, State]], *, again: bool) -> None:
    """Bring classes to states that came together.

    Args:
        again: also set what nobody has changed.
    """
    changed = [_changed(_record(cls), state) for cls, state in states]
    # What came together shares objects, such as the globals of methods. So if one method is set,
    # all are.
    all_methods = any(
        _is_method(state.attributes[name])
        for (_, state), names in zip(states, changed, strict=True)
        for name in names
    )
    for (cls, state), names in zip(states, changed, strict=True):
        _apply(cls, state, names, again or all_methods, all_methods)


def _record(cls: type) -> Record:
    """What is known of a class, also of one that this process has made and sent away."""
    record = record_of(cls)
    if record is None:
        record = new_record(cls)
        record.apply(State(split(cls)[0], cls.__bases__, cls.__qualname__, []))
    return record


def _changed(record: Record, state: State) -> set[str]:
    """The attributes of a state that the notebook has changed since the last one."""
    if not record.complete or record.version is state.version:
        return set()
    had = record.contents
    return {name for name, new in state.contents.items() if not _are_equal(had.get(name), new)}


def _are_equal(old: object, new: object) -> bool:
    return new is not None and old == new


def _apply(cls: type, state: State, names: set[str], again: bool, all_methods: bool) -> None:
    """Bring a class to a state: set what has changed, and delete what is gone.

    Args:
        names: the attributes that the notebook has changed.
        again: also set what nobody has changed.
        all_methods: also set all methods.
    """
    record = _record(cls)
    if not record.complete:  # it is new, and has everything
        record.apply(state)
        return
    own = type.__dict__["__dict__"].__get__(cls)
    gone = record.sketches.keys() - state.attributes.keys()
    if not names and not gone and record.about == state.about():
        state.version = record.version
    else:
        record.headers.clear()
    for name in gone:
        if name in own:
            type.__delattr__(cls, name)
    for name, value in state.attributes.items():
        if name in names:
            continue
        if (all_methods and _is_method(value)) or (
            again
            and name in own
            and _are_equal(state.contents[name], contents(own[name], whole=True))
        ):
            names.add(name)
    set_attributes(cls, state, [name for name in state.attributes if name in names])
    record.apply(state)


def _is_method(value: object) -> bool:
    return hasattr(type(value), "__get__")
