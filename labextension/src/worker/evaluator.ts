/** Does what a web page asks for: runs of Python source, and calls of functions. */
import { Pace } from '../interrupt/pace';
import { isTold, stepsSetter } from '../interrupt/signals';
import { errorText } from '../errors';
import type { Raised, PageCall } from '../protocol';
import type { Answers } from './answers';
import { callPausable } from './pyodide';
import type { PyCallable, PyProxy, Pyodide } from './pyodide';
import { PAGE_PYTHON } from './pagePython';

/** The functions of `PAGE_PYTHON`. */
interface Functions {
  run: PyCallable;
  caller: PyCallable;
  describe: PyCallable;
}

interface Described {
  toJs(): string[];
  destroy(): void;
}
interface Names {
  get(name: string): PyCallable;
}

/** Milliseconds between two looks at a call that awaits something, while others wait behind it. */
const AWAITED = 15;

/** Names of functions that are remembered. */
const MOST_CALLERS = 256;

export class Evaluator {
  /** Made when they are first needed: a kernel's workers evaluate no source. */
  private made: Functions | null = null;
  /** What calls the function that has a name, whichever it is by then. */
  private readonly callers = new Map<string, PyCallable>();

  /** @param alone whether nothing else looks while Python computes */
  constructor(
    private readonly python: Pyodide,
    private readonly alone = true
  ) {}

  /** Make ready, so that the first call does not wait for it. */
  prepare(): void {
    this.made ??= this.make();
  }

  /** Make calls, one after the other, and answer each. */
  async makeCalls(calls: readonly PageCall[], answers: Answers): Promise<void> {
    const stop = calls.length > 1 ? this.watch(answers) : null;
    try {
      for (const call of calls) {
        let more: boolean;
        try {
          let value = this.begin(call);
          if (isThenable(value)) {
            value = await settle(value, answers);
          }
          more = answers.add(toPlain(value));
        } catch (error) {
          more = answers.fail(this.describe(error));
        }
        if (!more) {
          break;
        }
      }
    } finally {
      stop?.();
    }
  }

  /** Describe an exception that was thrown. */
  describe(error: unknown): Raised {
    // Only Pyodide's PythonError has a type.
    if ((error as { type?: string }).type === undefined) {
      const message = errorText(error);
      return { type: 'Error', message, traceback: message };
    }
    const described = this.functions.describe() as object as Described;
    const [type = '', message = '', traceback = ''] = described.toJs();
    described.destroy();
    return { type, message, traceback };
  }

  private get functions(): Functions {
    return (this.made ??= this.make());
  }

  private make(): Functions {
    // With globals of its own: its names must not be among the user's.
    const globals = this.python.toPy({ space: this.python.globals }) as object as Names;
    const options: object = { globals, filename: '<pool>' };
    this.python.runPython(PAGE_PYTHON, options);
    return {
      run: globals.get('run'),
      caller: globals.get('caller'),
      describe: globals.get('describe')
    };
  }

  private begin(call: PageCall): unknown {
    if (typeof call === 'string') {
      return callPausable(this.functions.run, call);
    }
    const [name, args, pauses] = call;
    const caller = this.callers.get(name) ?? this.newCaller(name);
    if (args.length === 0) {
      return pauses ? callPausable(caller) : caller();
    }
    const converted = args.map(arg => this.toPython(arg));
    try {
      return pauses ? callPausable(caller, ...converted) : caller(...converted);
    } finally {
      converted.forEach(destroy);
    }
  }

  private newCaller(name: string): PyCallable {
    const [oldest] = this.callers;
    if (oldest !== undefined && this.callers.size >= MOST_CALLERS) {
      this.callers.delete(oldest[0]);
      oldest[1].destroy();
    }
    const call = this.functions.caller(name) as PyCallable;
    this.callers.set(name, call);
    return call;
  }

  /**
   * Look now and then, while Python computes, whether a call takes long that was thought to be brief.
   *
   * Returns what ends that.
   */
  private watch(answers: Answers): () => void {
    const { python } = this;
    if (!this.alone || isTold(python)) {
      return () => undefined;
    }
    const stop = (): void => python.setInterruptBuffer(undefined as never);
    const steps = stepsSetter(python);
    const pace = new Pace();
    let looks = true;
    const signals = Object.defineProperty({}, 0, {
      get: () => {
        if (looks) {
          looks = !answers.look();
          steps(pace.next(performance.now()));
        }
        return 0;
      },
      set: () => undefined
    });
    python.setInterruptBuffer(signals as never);
    steps(pace.reset());
    return stop;
  }

  private toPython(value: unknown): unknown {
    return typeof value === 'object' && value !== null
      ? (this.python.toPy(value) as unknown)
      : value;
  }
}

/** Await a value. If it takes long, others do not wait behind it. */
async function settle(value: PromiseLike<unknown>, answers: Answers): Promise<unknown> {
  const timer = answers.hasOthers ? setInterval(() => answers.look(), AWAITED) : undefined;
  try {
    return await value;
  } finally {
    clearInterval(timer);
    destroy(value);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = typeof value === 'object' || typeof value === 'function';
  return isObject && value !== null && 'then' in value;
}

/** Forget a proxy. */
function destroy(value: unknown): void {
  if (typeof value === 'object' && value !== null && 'destroy' in value) {
    (value as PyProxy).destroy();
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
