"""Pages that may share memory with their workers.

JupyterLite's kernel asks its page there through shared memory. Two faults of the library for it are
mended in the page, since a busy machine brings them out, and they end a kernel for good.
"""

from __future__ import annotations

from playwright.sync_api import Page

#: The library takes what `Atomics.waitAsync` answers for a promise in every case. It is none where
#: the wait is over before it begins, and then the kernel waits for ever.
ALWAYS_A_PROMISE = """
const { waitAsync } = Atomics;
Atomics.waitAsync = (...how) => {
  const answer = waitAsync.apply(Atomics, how);
  return answer.async ? answer : { async: true, value: Promise.resolve(answer.value) };
};
"""

#: The page writes an answer over the number that the kernel waits for. A kernel that begins to wait
#: while the page writes takes a part of the answer for all of it. Here the page writes elsewhere,
#: and copies the answer before it wakes the kernel: its beginning, which is that number, last.
WHOLE_ANSWERS = """
{
  const answers = new WeakMap();
  const { notify } = Atomics;
  globalThis.Uint16Array = new Proxy(Uint16Array, {
    construct(Target, how, asked) {
      const [buffer] = how;
      const shared = globalThis.SharedArrayBuffer;
      if (!shared || !(buffer instanceof shared)) return Reflect.construct(Target, how, asked);
      const answer = Target.from(new Target(buffer));  // the kernel's own answers are read so
      answers.set(buffer, new Int32Array(answer.buffer));
      return answer;
    },
  });
  Atomics.notify = (waited, ...how) => {
    const answer = answers.get(waited.buffer) ?? [];
    for (let i = answer.length - 1; i >= 0; i--) Atomics.store(waited, i, answer[i]);
    return notify.call(Atomics, waited, ...how);
  };
}
"""

#: A script that mends both, for a page that has loaded nothing yet.
MENDED = ALWAYS_A_PROMISE + WHOLE_ANSWERS


def isolated_page(page: Page, site: str, script: str = "") -> Page:
    """Open a cross-origin isolated site in a page, in which a script runs first."""
    page.add_init_script(MENDED + script)
    page.goto(f"{site}/lab/index.html")
    assert page.evaluate("() => crossOriginIsolated") is True
    return page
