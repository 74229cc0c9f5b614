"""The same CPU-bound work on the pool and on two workers with nothing but Pyodide."""

from __future__ import annotations

from tests.support.kernel import Kernel

BUSY = """
def busy(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total
"""

#: About a second in a browser on a slow core.
STEPS = 6_000_000

#: Two workers with nothing but Pyodide, and the same function, warm.
BARE = """async ([pyodideUrl, code]) => {
  const source = `
    import { loadPyodide } from ${JSON.stringify(pyodideUrl)};
    const python = await loadPyodide();
    python.runPython(${JSON.stringify(code)});
    const busy = python.globals.get('busy');
    self.onmessage = event => self.postMessage(busy(event.data));
    self.postMessage('ready');
  `;
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const workers = [0, 1].map(() => new Worker(url, { type: 'module' }));
  const next = worker => new Promise(resolve => {
    worker.onmessage = event => resolve(event.data);
  });
  await Promise.all(workers.map(next));
  window.bare = async n => {
    const started = performance.now();
    await Promise.all(workers.map(worker => {
      const answer = next(worker);
      worker.postMessage(n);
      return answer;
    }));
    return (performance.now() - started) / 1000;
  };
}"""


class TwoTasks:
    """Two CPU-bound tasks, side by side on two workers of either kind; both kinds are warm."""

    def __init__(self, kernel: Kernel, site: str) -> None:
        self._kernel = kernel
        kernel.run(
            "import time\nfrom jupyterlite_pool import pool_map, get_reusable_executor" + BUSY
        )
        kernel.run(
            "import asyncio\n"
            "while len(get_reusable_executor(2).ready_workers) < 2:\n"
            "    await asyncio.sleep(0.05)\n"
            "pool_map(busy, [10] * 20, chunksize=1, progress=False)"
        )
        kernel.page.evaluate(BARE, [f"{site}/static/pyodide/pyodide.mjs", BUSY])

    def on_the_pool(self) -> float:
        """Seconds that `pool_map` takes."""
        self._kernel.run(
            "started = time.perf_counter()\n"
            f"pool_map(busy, [{STEPS}] * 2, progress=False)\n"
            "took = time.perf_counter() - started"
        )
        return float(self._kernel.value("took"))

    def on_bare_workers(self) -> float:
        """Seconds that the same takes without the pool."""
        return float(self._kernel.page.evaluate("n => window.bare(n)", STEPS))
