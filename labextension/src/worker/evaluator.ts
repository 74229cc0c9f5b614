/** Evaluates Python source that a web page runs. */
import { callPausable } from './pyodide';
import type { PyCallable, PyProxy, Pyodide } from './pyodide';

/**
 * Evaluates source whose top level may await, as `runPythonAsync` does. Source that never waits is
 * done when the call returns: a turn of the event loop would take far longer.
 */
const EVALUATE = `
import asyncio
from pyodide.code import eval_code_async

def evaluate(code, space):
    loop = asyncio.get_running_loop()
    task = asyncio.Task(eval_code_async(code, space), loop=loop, eager_start=True)
    return task.result() if task.done() else task

evaluate
`;

/** An exception of Python. */
export interface Raised {
  type: string;
  message: string;
  traceback: string;
}

export class Evaluator {
  /** Made when it is first needed: a kernel's workers evaluate no source. */
  private function: PyCallable | null = null;

  constructor(private readonly python: Pyodide) {}

  /** The value of the last expression of some source, converted to JavaScript. */
  async evaluate(code: string): Promise<unknown> {
    this.function ??= this.makeFunction();
    return toPlain(await callPausable(this.function, code, this.python.globals));
  }

  /** Describe an error that `evaluate` has thrown. */
  describe(error: unknown): Raised {
    const { type, message } = error as Error & { type?: string };
    // Only Pyodide's PythonError has a type. Its message is the whole traceback.
    return type === undefined
      ? { type: 'Error', message, traceback: message }
      : { type, message: this.lastMessage(), traceback: message };
  }

  private makeFunction(): PyCallable {
    // With globals of its own: its names must not be among the user's.
    const options: object = { globals: this.python.toPy({}) as unknown };
    return this.python.runPython(EVALUATE, options) as PyCallable;
  }

  private lastMessage(): string {
    return this.python.runPython('import sys; str(sys.last_exc)') as string;
  }
}

/** A value that can be posted. Every proxy in it is destroyed. */
function toPlain(value: unknown): unknown {
  // The proxy of something callable is a function.
  const isObject = typeof value === 'object' || typeof value === 'function';
  if (isObject && value !== null && 'toJs' in value) {
    const proxy = value as PyProxy & { toJs(options: object): unknown };
    const proxies: PyProxy[] = [];
    try {
      return proxy.toJs({
        create_pyproxies: false,
        pyproxies: proxies,
        dict_converter: Object.fromEntries
      });
    } finally {
      proxy.destroy();
    }
  }
  return value;
}
