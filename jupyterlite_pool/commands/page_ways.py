"""How words of the page reach a kernel while a cell runs.

Both kinds of kernels work on one request at a time, so a comm of the page waits behind the running
cell. But each has a way beside that:

- Pyodide's kernel is a web worker. Messages of a `BroadcastChannel` arrive whenever Python waits.
  Nobody can guess the channel's name, so no other kernel can use it.
- The ordinary kernel of Jupyter reads its control channel in a thread of its own. There words
  travel with `comm_info_request`, a question that each such kernel answers: so one without this
  package does nothing worse than to answer it. Jupyter counts this question neither as work of the
  kernel nor as activity of a person.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..waiting.browser import IN_BROWSER

#: The request on the control channel, and the field of its content that has a word.
REQUEST, FIELD = "comm_info_request", "jupyterlite_pool"

#: Is called with each word.
Hear = Callable[[Any], None]


class Way(NamedTuple):
    """A way from the page to this kernel."""

    #: Opens it under a name.
    open: Callable[[str, Hear], None]
    #: What the page is told of it beyond its name.
    told: Mapping[str, bool] = {}


def way_of_page() -> Way | None:
    """The way that this kernel has; None if it has none, or if this is no notebook."""
    if IN_BROWSER:
        return Way(_listen_on_channel)
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    handlers = getattr(getattr(shell, "kernel", None), "control_handlers", None)
    if not isinstance(handlers, dict) or REQUEST not in handlers:
        return None
    return Way(lambda _, hear: listen_to_requests(handlers, hear), {"control": True})


def _listen_on_channel(name: str, hear: Hear) -> None:
    import js
    from pyodide.ffi import create_proxy

    def on_message(event: Any) -> None:
        try:
            said = json.loads(js.JSON.stringify(event.data))
        except Exception:  # a control word can always be written as JSON
            said = None
        hear(said)

    channel = js.BroadcastChannel.new(name)
    channel.onmessage = create_proxy(on_message)


def listen_to_requests(handlers: dict[str, Callable[..., Any]], hear: Hear) -> None:
    """Take the words out of requests on the control channel; other requests go on as before.

    Words are obeyed in a thread of their own, one after the other. What they ask for may have to
    wait for a lock, and an interrupt or a shutdown on the control channel must not wait for that.

    Args:
        handlers: what the kernel calls for each kind of request, in the thread of that channel.
    """
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="pool page", daemon=True).start()
    usual = handlers[REQUEST]

    def handle(stream: Any, ident: Any, request: dict[str, Any]) -> Any:
        content = request["content"]
        if FIELD not in content:
            return usual(stream, ident, request)
        loop.call_soon_threadsafe(hear, content[FIELD])
        return None

    handlers[REQUEST] = handle


def complain() -> None:
    """Say where people look for it that something was no word."""
    text = "jupyterlite-pool: the kernel ignores a message that is no control word"
    if IN_BROWSER:
        import js

        js.console.warn(text)
    else:
        logging.getLogger("jupyterlite_pool").warning(text)
