"""An exception to bytes and back, as much of it as can travel.

Pickling an exception as a whole fails for many classes of users' own (a constructor with required
arguments, an attribute that cannot be pickled). So its parts travel separately (class, arguments,
attributes, notes, cause) and it is put together without its class's own `__init__`. What cannot
travel is left out; where the class itself cannot, the exception arrives as `RemoteError`.
"""

from __future__ import annotations

import builtins
import os
import re
import traceback
from typing import Any, NamedTuple

from ..errors import RemoteError
from ..tracebacks import HOOK, attach, notes_of, set_notes
from .payload import decode, encode

#: Causes of causes beyond these are left out; a chain may even be a circle.
MAX_CAUSES = 10

#: A cell's file, as IPython names it for Python.
_CELL = re.compile(r'File "<ipython-input-(\d+)-[0-9a-f]+>"')

_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class RemoteTraceback(Exception):  # noqa: N818 - named as in concurrent.futures
    """The cause of an exception that came from a worker: shows the traceback there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        #: As the standard library's own has it.
        self.tb = f'\n"""\n{text}"""'

    def __str__(self) -> str:
        return self.tb


class _Parts(NamedTuple):
    type_name: str
    message: str
    text: str
    notes: list[str]
    kind: bytes | None
    args: bytes | None
    state: bytes | None
    cause: Any  # _Parts of `__cause__`, or None
    #: Of an exception group, the `_Parts` of its members; else None.
    members: Any


def encode_error(error: BaseException) -> bytes:
    """The parts of an exception as bytes. Never raises."""
    return encode(_take_apart(error), apart=False).payload


def decode_error(payload: bytes) -> BaseException:
    """The inverse of `encode_error`; the traceback of the worker is the exception's cause."""
    return _put_together(_Parts(*decode(payload)))


def _take_apart(error: BaseException, depth: int = 0) -> tuple[Any, ...]:
    kind = type(error)
    base = _builtin_base(kind)
    try:
        # The built-in part knows arguments of its own, such as the file name of an OSError.
        reduced = base.__reduce__(error)
        assert isinstance(reduced, tuple)
        args, state = reduced[1], reduced[2] if len(reduced) > 2 else None
    except Exception:
        args, state = error.args, error.__dict__ or None
    if isinstance(state, dict):
        # Notes travel as text; one attribute that cannot travel must not take the others along.
        left_out = ("__notes__", HOOK)
        state = {k: v for k, v in state.items() if k not in left_out and _try_encode(v) is not None}
    cause = error.__cause__ if depth < MAX_CAUSES else None
    members = None
    if _is_group(error):
        # Each one travels by itself, so that one that cannot does not take the others along.
        members = [_take_apart(member, depth + 1) for member in error.exceptions]  # type: ignore[attr-defined]
        args = (error.message,)  # type: ignore[attr-defined]
    return tuple(
        _Parts(
            type_name=f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."),
            message=_text(error),
            text=_format(error),
            notes=notes_of(error),
            kind=_try_encode(kind),
            args=_try_encode(args),
            state=_try_encode(state) if state else None,
            cause=None if cause is None else _take_apart(cause, depth + 1),
            members=members,
        )
    )


def _put_together(parts: _Parts) -> BaseException:
    error = _rebuild(parts)
    if error is None:
        error = RemoteError(
            f"{parts.type_name}: {parts.message}",
            type_name=parts.type_name,
            traceback_text=parts.text,
        )
    if parts.notes:
        set_notes(error, parts.notes)
    cause = RemoteTraceback(parts.text)
    if parts.cause is not None:
        cause.__cause__ = _put_together(_Parts(*parts.cause))
    attach(error, "__cause__", cause)
    return error


def _rebuild(parts: _Parts) -> BaseException | None:
    if parts.kind is None or parts.args is None:
        return None
    try:
        kind: type[BaseException] = decode(parts.kind)
        args = decode(parts.args)
        if parts.members is not None:
            args = (*args, [_put_together(_Parts(*member)) for member in parts.members])
        error = kind.__new__(kind, *args)
        if len(error.args) != len(args) and not isinstance(error, OSError):
            error.args = args
        # The built-in part keeps some of its state (errno, the lines of a SyntaxError) in C.
        _builtin_base(kind).__init__(error, *args)
        if parts.state is not None:
            error.__setstate__(decode(parts.state))
    except Exception:
        return None
    return error


def _is_group(error: BaseException) -> bool:
    """Whether it is an exception group, which Python 3.10 does not have."""
    group = getattr(builtins, "BaseExceptionGroup", None)
    return group is not None and isinstance(error, group)


def _builtin_base(kind: type[BaseException]) -> type[BaseException]:
    """The nearest class of the built-in tree; BaseException at the latest."""
    return next(base for base in kind.__mro__ if base.__module__ == builtins.__name__)


def _try_encode(obj: object) -> bytes | None:
    try:
        return encode(obj, apart=False).payload
    except Exception:
        return None


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__} without text>"


def _format(error: BaseException) -> str:
    """The traceback as text, without the pool's own frames, cells as IPython names them."""
    try:
        shown = traceback.TracebackException.from_exception(error)
        _leave_us_out(shown)
        return _CELL.sub(r"Cell In[\1]", "".join(shown.format()))
    except Exception:
        return f"{type(error).__name__}: {_text(error)}\n"


def _leave_us_out(shown: traceback.TracebackException | None) -> None:
    if shown is None:
        return
    shown.stack[:] = [f for f in shown.stack if not f.filename.startswith(_PACKAGE_FOLDER)]
    for other in (shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())):
        _leave_us_out(other)
