"""A pool without a browser, for tests of code that uses one.

`InProcessBackend` runs the real runner of a pool worker over the real encoded frames, each worker
in a thread of this process. Everything but the isolation of the workers is as in a browser.

    with WorkerPoolExecutor(backend=InProcessBackend(2)) as executor:
        assert list(executor.map(abs, [-1, 2])) == [1, 2]
"""

from __future__ import annotations

from .backends.threads import InProcessBackend

__all__ = ["InProcessBackend"]
