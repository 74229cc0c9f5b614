"""A pool without a browser, for tests of code that uses one.

`InProcessBackend` runs each worker in a thread of this process. The threads run the same Python as
workers in a browser, with the same encoding of calls and results. Only their memory is shared.

    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        assert list(executor.map(abs, [-1, 2])) == [1, 2]
"""

from __future__ import annotations

from .backends.threads import InProcessBackend

__all__ = ["InProcessBackend"]
