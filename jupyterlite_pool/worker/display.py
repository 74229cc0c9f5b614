"""`display` in a task shows objects in the notebook.

In the notebook, `display` is IPython's. A worker has no IPython until a task imports it. It never
has a shell of IPython, and without one IPython's `display` would only print. So tasks have this
`display` instead, also if they import IPython's.
"""

from __future__ import annotations

import base64
import builtins
import json
import sys
import uuid
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from .open_figures import picture_of

#: The module of IPython's own `display`.
MODULE = "IPython.core.display_functions"

#: The methods with which objects describe how they look, and the kind of what each returns.
METHODS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_pdf_": "application/pdf",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
    "_repr_javascript_": "application/javascript",
}


class DisplayHandle:
    """An output that can be changed."""

    def __init__(self, display: Display, display_id: str) -> None:
        self.display_id = display_id
        self._display = display

    def display(self, obj: Any, **options: Any) -> None:
        """Display an object as a further output with the same id."""
        self._display(obj, display_id=self.display_id, **options)

    def update(self, obj: Any, **options: Any) -> None:
        """Show an object in place of the output."""
        self._display(obj, display_id=self.display_id, update=True, **options)


class Display:
    """The function `display`.

    Args:
        post: sends an output to the notebook, as JSON.
    """

    __name__ = "display"

    def __init__(self, post: Callable[[str], None]) -> None:
        self._post = post

    def __call__(
        self,
        *objs: Any,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        metadata: dict[str, Any] | None = None,
        transient: dict[str, Any] | None = None,
        display_id: str | bool | None = None,
        raw: bool = False,
        clear: bool = False,
        update: bool = False,
        **_: Any,
    ) -> DisplayHandle | None:
        """As IPython's. But `clear` does nothing: the cell also has the output of other tasks."""
        if display_id is True:
            display_id = uuid.uuid4().hex
        transient = dict(transient or {})
        if display_id:
            transient["display_id"] = display_id
        if update and "display_id" not in transient:
            raise TypeError("display_id required for update_display")
        if not objs and display_id:
            objs, raw = ({},), True
        for obj in objs:
            if raw:
                self.publish(obj, metadata, transient=transient, update=update)
                continue
            data, about = bundle(obj, include, exclude)
            if data:
                about.update(metadata or {})
                self.publish(data, about, transient=transient, update=update)
        return DisplayHandle(self, str(display_id)) if display_id else None

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """As IPython's `publish_display_data`."""
        shown = {
            "data": data,
            "metadata": metadata or {},
            "transient": transient or None,
            "update": update,
        }
        self._post(json.dumps(shown, default=_plain))


def bundle(
    obj: Any, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The representations of an object by their kinds, and their metadata."""
    if callable(own := _method(obj, "_ipython_display_")):
        own()
        return {}, {}
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    if callable(whole := _method(obj, "_repr_mimebundle_")):
        found = whole(include=include, exclude=exclude)
        if isinstance(found, tuple):
            found, metadata = found[0], dict(found[1])
        data.update(found or {})
    for name, kind in METHODS.items():
        if kind in data or not callable(method := _method(obj, name)):
            continue
        found = method()
        if isinstance(found, tuple):
            found, metadata[kind] = found
        if found is not None:
            data[kind] = found
    if "image/png" not in data and (png := picture_of(obj)) is not None:
        data["image/png"] = png
    data.setdefault("text/plain", _text(obj))
    data = {
        kind: value
        for kind, value in data.items()
        if (include is None or kind in include) and (exclude is None or kind not in exclude)
    }
    return data, metadata


def _method(obj: Any, name: str) -> Any:
    # A class has the methods that are meant for its instances. Some objects have every attribute,
    # so the method must be in their class.
    return None if isinstance(obj, type) else getattr(type(obj), name, None) and getattr(obj, name)


def _text(obj: Any) -> str:
    pretty = sys.modules.get("IPython.lib.pretty")
    return str(pretty.pretty(obj)) if pretty is not None else repr(obj)


def _plain(value: Any) -> str:
    """Bytes, such as those of a picture, as text for JSON."""
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"cannot display a value of type {type(value).__name__!r}")


class _Finder(MetaPathFinder):
    """Replaces IPython's `display` when a task imports it."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As in `MetaPathFinder`."""
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        loader: Any = spec and spec.loader
        if loader is not None:
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                module.display = self._display
                module.publish_display_data = self._display.publish
                module.clear_output = lambda wait=False: None

            loader.exec_module = exec_module
        return spec


def install_display(post: Callable[[str], None]) -> None:
    """Let tasks display objects.

    Args:
        post: sends an output to the notebook, as JSON.
    """
    display = Display(post)
    builtins.display = display  # type: ignore[attr-defined] # as in a notebook
    sys.meta_path.insert(sys.meta_path.index(PathFinder), _Finder(display))
