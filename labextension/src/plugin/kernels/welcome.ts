/** The request that each kernel gets when it has started. */
import type { ForKernel } from '../settings';
import { LEAVE_NO_TRACE } from './unseen';

/** Seconds for which cells wait for the script that lets them be interrupted. It may come later. */
const PATIENCE = 5;

/** What lets a kernel be interrupted while its Python computes. */
export interface Interrupts {
  /** The URL of the script that does it. */
  readonly script: string;
  /** The URL at which the page is asked, and whether it has a service worker to hear that. */
  readonly url: string;
  readonly served: boolean;
  /** The name under which the page answers. */
  readonly name: string;
  /** A seal that is never broken, and those of wishes. */
  readonly control: string;
  readonly seals: readonly string[];
}

/**
 * Python source that tells a kernel its settings and lets it start its pool, unseen.
 *
 * `drive` is the name by which the page serves the notebook's files; null where it serves none. On a
 * cross-origin isolated page, a kernel does not need that name, but its workers do.
 *
 * The kernel ignores `silent` and `store_history`, so the code removes itself from the history and
 * from the count of cells. It must not fail: the kernel would never answer the cells behind it. It
 * must not install the package, which a plain `import` would do; if the package is missing, the
 * settings stay in a variable until it is there. The pool starts a moment later, so that a cell that
 * waits behind this code runs first.
 */
export function welcome(
  { settings, options }: ForKernel,
  drive: string | null,
  interrupts: Interrupts
): string {
  // A text in JSON is a literal of Python as well.
  const text = JSON.stringify(JSON.stringify(settings));
  const more = JSON.stringify(JSON.stringify(options));
  const files = drive === null ? '' : `js.jupyterlitePoolDrive = ${JSON.stringify(drive)}`;
  return `
async def _jupyterlite_pool_welcome():
    try:
        import asyncio, js
        from importlib import import_module
        from importlib.util import find_spec

${LEAVE_NO_TRACE}

        def start():
            try:
                import_module("jupyterlite_pool._reusable").start_ahead()
            except BaseException as error:
                js.console.warn(f"jupyterlite-pool: the pool could not be started ahead: {error!r}")

${listen(interrupts)}

        js.jupyterlitePoolPage = ${text}
        js.jupyterlitePoolOptions = ${more}
        ${files}
        # A kernel is welcomed again by each part of the page that comes to have it.
        if not hasattr(js, "jupyterlitePoolAsker"):
            await asyncio.wait({asyncio.ensure_future(listen())}, timeout=${PATIENCE})
        if ${settings.prewarm ? 'True' : 'False'} and find_spec("jupyterlite_pool") is not None:
            asyncio.get_event_loop().call_later(0.05, start)
    except BaseException:
        pass

await _jupyterlite_pool_welcome()
del _jupyterlite_pool_welcome
`;
}

/** Python source of a function that lets the kernel ask its page while it computes. */
function listen({ script, ...place }: Interrupts): string {
  // A text in JSON is a literal of Python as well.
  const literal = JSON.stringify(JSON.stringify(place));
  return `        async def listen():
            try:
                import pyodide_js
                from pyodide.code import run_js

                place = js.JSON.parse(${literal})
                script = await run_js("url => import(url)")(${JSON.stringify(script)})
                asker = script.listen(pyodide_js, place)
                if asker is not None:
                    js.jupyterlitePoolAsker = asker
                    shell.events.register("pre_run_cell", lambda *_: asker.cellBegins())
                    shell.events.register("post_run_cell", lambda *_: asker.cellEnds())
            except BaseException as error:
                js.console.warn(f"jupyterlite-pool: the kernel cannot be interrupted: {error!r}")`;
}
