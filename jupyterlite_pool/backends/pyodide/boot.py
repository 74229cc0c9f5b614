"""How workers find the Pyodide and the files of this kernel."""

from __future__ import annotations

from typing import Any

import js
import pyodide_js
from pyodide.ffi import JsException, to_js

from ...releases import mixes_up_answers
from .files import runtime_files
from .js import js_object

#: The folder in which the kernel mounts the notebook's files.
DRIVE = "/drive"

#: A variable of the kernel's web worker. The labextension writes into it which page serves the
#: notebook's files.
TOLD_CONTEXT = "jupyterlitePoolDrive"

#: The Python module that a worker's JavaScript imports and connects to.
RUNNER = "jupyterlite_pool.worker.entry"


def boot_options() -> dict[str, Any]:
    """The options of `PyodidePool.init`, except for the snapshot."""
    config = pyodide_js._api.config
    index_url = str(config.indexURL)
    return {
        "pyodideUrl": js.URL.new("pyodide.mjs", js.URL.new(index_url, js.location.href)).href,
        "lockFileUrl": _absolute(getattr(config, "lockFileURL", None)),
        "files": to_js(runtime_files()),
        "runner": RUNNER,
        "drive": _drive_options(),
    }


def _absolute(url: str | None) -> str | None:
    return None if url is None else js.URL.new(url, js.location.href).href


def drive_with_turns() -> Any:
    """What asks the page for the kernel's files, if only one request can be answered at a time.

    None elsewhere.
    """
    try:
        api = _drive_api()
        return api if api is not None and mixes_up_answers(api) else None
    except (AttributeError, JsException):
        return None


def _drive_api() -> Any:
    """What asks the page for the kernel's files; None if it has none."""
    found = pyodide_js.FS.analyzePath(DRIVE)  # `lookupPath` throws what no `except` catches
    mounted = found.object.mount if found.exists else None
    if mounted is None or mounted.mountpoint != DRIVE:
        return None
    return mounted.type.API


def _drive_options() -> Any:
    """How workers reach the notebook's files; None if the kernel has none that they can reach."""
    try:
        api = _drive_api()
        if api is None:
            return None
        if hasattr(api, "_baseUrl") and not hasattr(api, "_browsingContextId"):
            # The oldest JupyterLites know no contexts of pages.
            base, context, probe = _absolute(api._baseUrl), None, True
        else:
            # On a cross-origin isolated page the kernel asks the page itself for files, which its
            # workers cannot do. They ask the service worker, and name the page to it.
            told = getattr(js, TOLD_CONTEXT, None)
            own = getattr(api, "_browsingContextId", None)
            if own is None and not isinstance(told, str):
                return None
            site = js.URL.new("../../../../", js.location.href).href
            base, context, probe = (api._baseUrl, own, False) if own else (site, told, True)
        return js_object(
            baseUrl=base,
            driveName=api._driveName,
            mountpoint=DRIVE,
            browsingContextId=context,
            probe=probe,
            takesTurns=mixes_up_answers(api),
        )
    except (AttributeError, JsException):
        return None
