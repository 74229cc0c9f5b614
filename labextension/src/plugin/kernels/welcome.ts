/** What each kernel is asked to do when it has started. */
import type { KernelSettings } from '../settings';

/**
 * Python that tells a kernel what it should know of its page and lets it start its pool, unseen.
 *
 * `drive` is the name by which the page serves the notebook's files. A kernel on a cross-origin
 * isolated page reaches them without it, but its workers do not; null where no page serves them.
 *
 * The kernel heeds neither `silent` nor `store_history`, so the code takes itself out of the
 * history and of the count of cells; and it must not fail, or cells that are queued behind it are
 * never answered. Nothing is installed for it (the kernel installs what an `import` names): where
 * the package is missing, the settings lie in wait for it. What takes time waits until a cell that is
 * queued behind has had its turn.
 */
export function welcome(settings: KernelSettings, drive: string | null): string {
  // What JSON makes of a text is a literal of Python, too.
  const text = JSON.stringify(JSON.stringify(settings));
  const files = drive === null ? '' : `js.jupyterlitePoolDrive = ${JSON.stringify(drive)}`;
  return `
def _jupyterlite_pool_welcome():
    try:
        import asyncio, js
        from importlib import import_module
        from importlib.util import find_spec

        shell = import_module("pyodide_kernel").ipython_shell
        history = shell.history_manager
        history.input_hist_parsed.pop()
        ours = history.input_hist_raw.pop()
        history.db_input_cache.pop()
        history._i00, history._i, history._ii = history._i, history._ii, history._iii
        for name in [name for name, value in shell.user_ns.items() if value is ours]:
            del shell.user_ns[name]
        shell.user_ns.update(_i=history._i, _ii=history._ii)
        shell.execution_count -= 1

        def start():
            try:
                import_module("jupyterlite_pool._reusable").start_ahead()
            except BaseException as error:
                js.console.warn(f"jupyterlite-pool: nothing was started ahead of need: {error!r}")

        js.jupyterlitePoolPage = ${text}
        ${files}
        if ${settings.prewarm ? 'True' : 'False'} and find_spec("jupyterlite_pool") is not None:
            asyncio.get_event_loop().call_later(0.05, start)
    except BaseException:
        pass

_jupyterlite_pool_welcome()
del _jupyterlite_pool_welcome
`;
}
