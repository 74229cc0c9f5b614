"""Small helpers for speaking with JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import js
from pyodide.ffi import to_js

from ...releases import javascripts_null

_NULL = javascripts_null()


def js_object(**fields: Any) -> Any:
    """A JavaScript object with these fields."""
    return js.Object.fromEntries(to_js(list(fields.items())))


def copied_out(buffers: Sequence[memoryview]) -> Any:
    """Copies of buffers, outside of Python's heap, as an array that JavaScript may transfer."""
    return to_js([to_js(buffer).buffer for buffer in buffers])


def or_none(value: Any) -> Any:
    """None instead of JavaScript's null; any other value as it is."""
    return None if value is _NULL else value
