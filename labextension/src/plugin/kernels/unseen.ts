/** Requests that leave no trace in a notebook. */

/**
 * Python source that runs `body`, and leaves no name behind. It can use `import_module`.
 *
 * It is for kernels that obey `silent` and `store_history`.
 */
export function silent(body: string): string {
  return `
def _jupyterlite_pool_unseen():
    from importlib import import_module

${body.trim().replace(/^/gm, '    ')}

try:
    _jupyterlite_pool_unseen()
finally:
    del _jupyterlite_pool_unseen
`;
}

/**
 * Python that takes the running request out of the history and out of the count of cells.
 *
 * The kernel ignores `silent` and `store_history`, so the request does that itself. It needs
 * `import_module`, and leaves the kernel's `shell`.
 */
export const LEAVE_NO_TRACE = `        shell = import_module("pyodide_kernel").ipython_shell
        history = shell.history_manager
        history.input_hist_parsed.pop()
        ours = history.input_hist_raw.pop()
        history.db_input_cache.pop()
        history._i00, history._i, history._ii = history._i, history._ii, history._iii
        for name in [name for name, value in shell.user_ns.items() if value is ours]:
            del shell.user_ns[name]
        shell.user_ns.update(_i=history._i, _ii=history._ii)
        shell.execution_count -= 1`;

/**
 * Python source that runs `body` unseen. It can use `import_module`.
 *
 * What goes wrong in it is said in the console: an error would be shown nowhere.
 */
export function unseen(body: string): string {
  return `
async def _jupyterlite_pool_unseen():
    try:
        import js
        from importlib import import_module

${LEAVE_NO_TRACE}
${body.trim().replace(/^/gm, '        ')}
    except BaseException as error:
        import js
        js.console.warn(f"jupyterlite-pool: the kernel could not do what its page asks: {error!r}")

await _jupyterlite_pool_unseen()
del _jupyterlite_pool_unseen
`;
}
