"""Items with a seed draw the same numbers in a browser as on every other engine."""

from __future__ import annotations

import inspect

from tests.support import seeded
from tests.support.kernel import Kernel


def test_items_draw_what_they_draw_on_processes_and_on_a_cluster(kernel: Kernel) -> None:
    kernel.run("import random\nfrom jupyterlite_pool import pool_map")
    kernel.run(inspect.getsource(seeded.draw))
    drawn = kernel.value(f"list(pool_map(draw, range({seeded.ITEMS}), seed={seeded.SEED}))")
    assert drawn == seeded.DRAWN
