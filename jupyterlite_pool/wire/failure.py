"""An exception as bytes, and back, with as many of its parts as can be sent.

Many exceptions of users cannot be pickled as a whole, because their constructor has required
arguments, or because an attribute cannot be pickled. So the parts are sent separately: class,
arguments, attributes, notes and cause. The exception is put together from them, without the
`__init__` of its class. Parts that cannot be sent are left out. If the class cannot be sent, the
exception arrives as a `RemoteError`.
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

#: How many causes of causes are sent. A chain of causes may be a circle.
MAX_CAUSES = 10

#: The file name of a cell, as Python prints it in tracebacks.
_CELL = re.compile(r'File "<ipython-input-(\d+)-[0-9a-f]+>"')

_PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class RemoteTraceback(Exception):  # noqa: N818 - named as in concurrent.futures
    """The cause of an exception that came from a worker. It shows the traceback in the worker."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        #: `concurrent.futures` has the same attribute.
        self.tb = f'\n"""\n{text}"""'

    def __str__(self) -> str:
        return self.tb


class _Parts(NamedTuple):
    """The parts of an exception. Those as bytes are pickled, each by itself; None if not sent."""

    type_name: str
    message: str
    #: The traceback.
    text: str
    notes: list[str]
    kind: bytes | None
    args: bytes | None
    state: bytes | None
    #: The parts of `__cause__`.
    cause: Any
    #: If it is an exception group, a list with the parts of each member.
    members: Any


def encode_error(error: BaseException) -> bytes:
    """The parts of an exception as bytes. Never raises."""
    return encode(_take_apart(error), apart=False).payload


def decode_error(payload: bytes) -> BaseException:
    """The inverse of `encode_error`. The cause of the exception shows the worker's traceback."""
    return _put_together(_Parts(*decode(payload)))


def _take_apart(error: BaseException, depth: int = 0) -> tuple[Any, ...]:
    kind = type(error)
    base = _builtin_base(kind)
    try:
        # The built-in class knows arguments that `args` lacks, such as the file name of an OSError.
        reduced = base.__reduce__(error)
        assert isinstance(reduced, tuple)
        args, state = reduced[1], reduced[2] if len(reduced) > 2 else None
    except Exception:
        args, state = error.args, error.__dict__ or None
    if isinstance(state, dict):
        # Notes are sent as text. If an attribute cannot be sent, the others are sent all the same.
        left_out = ("__notes__", HOOK)
        state = {k: v for k, v in state.items() if k not in left_out and _try_encode(v) is not None}
    cause = error.__cause__ if depth < MAX_CAUSES else None
    members = None
    if _is_group(error):
        # If a member cannot be sent, the others are sent all the same.
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
        # The built-in class keeps some state in C, such as `errno` and the lines of a SyntaxError.
        _builtin_base(kind).__init__(error, *args)
        if parts.state is not None:
            error.__setstate__(decode(parts.state))
    except Exception:
        return None
    return error


def _is_group(error: BaseException) -> bool:
    """Whether it is an exception group. Python 3.10 has none."""
    group = getattr(builtins, "BaseExceptionGroup", None)
    return group is not None and isinstance(error, group)


def _builtin_base(kind: type[BaseException]) -> type[BaseException]:
    """The nearest built-in class among a class and its bases."""
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
    """The traceback as text, without frames of the pool, and with IPython's names of cells."""
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
