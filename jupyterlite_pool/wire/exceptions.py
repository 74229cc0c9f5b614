"""An exception as bytes, and back, with as many of its parts as can be sent.

Many exceptions of users cannot be pickled as a whole, because their constructor has required
arguments, or because an attribute cannot be pickled. So its parts are sent: class, arguments,
attributes, fields of the built-in class, notes and cause. The exception is put together from them,
without the `__init__` of its class. Attributes that cannot be sent are left out. If the class or
the arguments cannot be sent, the exception arrives as a `RemoteError`.
"""

from __future__ import annotations

import builtins
import os
import traceback
import types
from contextlib import suppress
from typing import Any, NamedTuple

from ..errors import RemoteError
from ..tracebacks import HOOK, attach, name_cells, notes_of, set_notes
from .payload import decode, encode

#: How many causes of causes are sent. A chain of causes may be a circle.
MAX_CAUSES = 10

#: An object of this many bytes does not travel for the sake of suggestions.
_LARGE = 1 << 16

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
    """The parts of an exception."""

    type_name: str
    message: str
    #: The traceback.
    text: str
    notes: list[str]
    #: Its class, arguments, attributes, and what it keeps elsewhere: `errno`, slots, and the like.
    #: None if the class or the arguments cannot be sent.
    rest: bytes | None
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
    args = error.args
    # Notes are sent as text.
    state = {k: v for k, v in error.__dict__.items() if k not in ("__notes__", HOOK)}
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
            rest=_encode_rest(kind, args, state, _fields(error)),
            cause=None if cause is None else _take_apart(cause, depth + 1),
            members=members,
        )
    )


def _encode_rest(
    kind: type, args: Any, state: dict[str, Any], fields: dict[str, Any]
) -> bytes | None:
    """What cannot be sent as text; attributes that cannot be sent at all are left out."""
    if "obj" in fields and len(_try_encode(fields["obj"]) or bytes(_LARGE)) >= _LARGE:
        del fields["obj"]  # an AttributeError has it for suggestions of other names alone
    whole = _try_encode((kind, args, state, fields))
    if whole is not None:
        return whole
    state = {name: value for name, value in state.items() if _try_encode(value) is not None}
    fields = {name: value for name, value in fields.items() if _try_encode(value) is not None}
    return _try_encode((kind, args, state, fields))


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
    if parts.rest is None:
        return None
    try:
        kind, args, state, fields = decode(parts.rest)
        if parts.members is not None:
            args = (*args, [_put_together(_Parts(*member)) for member in parts.members])
        error = _new(kind, args)
        error.__dict__.update(state)
        _set_fields(error, fields)
    except Exception:
        return None
    return error


def _new(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    """An exception without the `__init__` of its class, which may want other arguments."""
    refused: TypeError | None = None
    for base in _builtin_bases(kind):
        try:
            error = base.__new__(kind, *args)
        except TypeError as why:  # another base is the one whose memory it has
            refused = why
            continue
        if not issubclass(base, OSError):  # its `__new__` takes them apart, where it should
            with suppress(TypeError):  # arguments that the class has not given on
                base.__init__(error, *args)
        attach(error, "args", args)
        return error
    raise refused or TypeError(f"{kind} is no exception")


def _fields(error: BaseException) -> dict[str, Any]:
    """What an exception keeps outside of its `__dict__`, and its arguments left out."""
    found: dict[str, Any] = {}
    left_out = ("args", "exceptions") if _is_group(error) else ("args",)
    for base in type(error).__mro__:
        for name, field in vars(base).items():
            is_field = isinstance(field, (types.MemberDescriptorType, types.GetSetDescriptorType))
            if is_field and name not in found and name not in left_out and not _is_pythons(name):
                with suppress(AttributeError, TypeError):  # it has no value
                    found[name] = field.__get__(error)
    return found


def _set_fields(error: BaseException, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        field = next((vars(b)[name] for b in type(error).__mro__ if name in vars(b)), None)
        if isinstance(field, (types.MemberDescriptorType, types.GetSetDescriptorType)):
            with suppress(AttributeError, TypeError):  # it cannot be set, and has its value
                # Without a number an OSError has no text, even where the number is None.
                if value is not None or (name == "errno" and fields.get("strerror") is not None):
                    field.__set__(error, value)
                elif field.__get__(error) is not None:
                    field.__delete__(error)


def _is_pythons(name: str) -> bool:
    """Whether Python itself uses a name, such as that of the traceback."""
    return name.startswith("__") and name.endswith("__")


def _is_group(error: BaseException) -> bool:
    """Whether it is an exception group. Python 3.10 has none."""
    group = getattr(builtins, "BaseExceptionGroup", None)
    return group is not None and isinstance(error, group)


def _builtin_bases(kind: type[BaseException]) -> list[type[BaseException]]:
    """The built-in classes among an exception's class and its bases, the nearest first."""
    return [
        base
        for base in kind.__mro__
        if base.__module__ == builtins.__name__ and issubclass(base, BaseException)
    ]


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
        return name_cells("".join(shown.format()))
    except Exception:
        return f"{type(error).__name__}: {_text(error)}\n"


def _leave_us_out(shown: traceback.TracebackException | None) -> None:
    if shown is None:
        return
    shown.stack[:] = [f for f in shown.stack if not f.filename.startswith(_PACKAGE_FOLDER)]
    for other in (shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())):
        _leave_us_out(other)
