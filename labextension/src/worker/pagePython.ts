/** What the workers of a page have in Python. */

/**
 * Source may await, as that of `runPythonAsync`. Source that does not is run at once, as is a function:
 * a task of asyncio, and a turn of its event loop, would take far longer. Each has a copy of the context
 * variables, as a task has.
 *
 * A page often runs the same source again, so what was compiled is kept. What compiling depends on
 * besides the source is looked at each time; if it has changed, what was compiled is dropped.
 */
export const PAGE_PYTHON = `
import ast
import builtins
import sys
import warnings
from asyncio import Task, get_running_loop
from contextvars import copy_context

from pyodide.code import CodeRunner

SOURCES, LONGEST = 128, 4096
COROUTINE = 0x80  # as inspect has it, which takes long to import
compiled, compiled_under = {}, None
hidden = {CodeRunner.run.__code__.co_filename, sys._getframe().f_code.co_filename}


def compile_source(source):
    global compiled_under
    now = (list(warnings.filters), sys.get_int_max_str_digits())
    if now != compiled_under:
        compiled.clear()
        compiled_under = now
    runner = compiled.pop(source, None)
    if runner is None:
        runner = CodeRunner(source, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).compile()
        runner.ast = None
    if len(source) <= LONGEST:
        compiled[source] = runner
        if len(compiled) > SOURCES:
            del compiled[next(iter(compiled))]
    return runner


def run(source):
    runner = compile_source(source)
    if runner.code.co_flags & COROUTINE:
        task = Task(runner.run_async(space), loop=get_running_loop(), eager_start=True)
        return task.result() if task.done() else task
    return copy_context().run(runner.run, space)


def find(name):
    found = space
    for part in name.split("."):
        try:
            if found is space:
                found = space[part] if part in space else getattr(builtins, part)
            else:
                found = getattr(found, part)
        except AttributeError:
            raise NameError(
                f"the worker has no {name}: pool.call() finds what the code of init() defines",
                name=name,
            ) from None
    return found


def caller(name):
    def call(*args):
        function = space.get(name)
        return copy_context().run(find(name) if function is None else function, *args)

    return call


def describe():
    import traceback

    error = sys.last_exc
    shown = error.__traceback__
    while shown and shown.tb_frame.f_code.co_filename in hidden:
        shown = shown.tb_next
    try:
        message = str(error)
    except Exception:
        message = "this exception cannot be shown"
    if "Cannot stack switch" in message:
        error.add_note("pool.call() from a page: such a function needs the option { pauses: true }")
    text = "".join(traceback.format_exception(type(error), error, shown))
    return type(error).__name__, message, text
`;
