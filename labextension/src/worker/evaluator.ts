/** Grants what a web page wishes: runs of Python source, and calls of functions. */
import { Pace } from '../interrupt/pace';
import { isTold, stepsSetter } from '../interrupt/signals';
import { errorText } from '../errors';
import type { Raised, Wish } from '../protocol';
import type { Answers } from './answers';
import { callPausable } from './pyodide';
import type { PyCallable, PyProxy, Pyodide } from './pyodide';
import { WISHES } from './wishes';

/** The functions of `WISHES`. */
interface Functions {
  run: PyCallable;
  call: PyCallable;
  serve: PyCallable;
  describe_last: PyCallable;
}

/** Milliseconds after which a worker whose Python pauses looks whether a wish takes long. */
const PAUSED = 15;

export class Evaluator {
  /** Made when they are first needed: a kernel's workers evaluate no source. */
  private made: Functions | null = null;

  /** @param alone whether nothing else looks while Python computes */
  constructor(
    private readonly python: Pyodide,
    private readonly alone = true
  ) {}

  /** Grant wishes, one after the other, and answer each. */
  async grant(wishes: readonly Wish[], answers: Answers): Promise<void> {
    const [first] = wishes;
    if (wishes.length === 1 && first !== undefined) {
      await this.grantOne(first, answers);
    } else {
      await this.grantAll(wishes, answers);
    }
  }

  /** Describe an exception that was thrown. */
  describe(error: unknown): Raised {
    // Only Pyodide's PythonError has a type.
    if ((error as { type?: string }).type === undefined) {
      const message = errorText(error);
      return { type: 'Error', message, traceback: message };
    }
    const described = this.functions.describe_last() as PyProxy & { toJs(): string[] };
    const [type = '', message = '', traceback = ''] = described.toJs();
    described.destroy();
    return { type, message, traceback };
  }

  private get functions(): Functions {
    return (this.made ??= this.make());
  }

  private make(): Functions {
    // With globals of its own: its names must not be among the user's.
    const globals = this.python.toPy({ space: this.python.globals }) as PyProxy & {
      get(name: string): PyCallable;
    };
    this.python.runPython(WISHES, { globals, filename: '<pool>' } as object);
    const [run, call, serve, describe_last] = ['run', 'call', 'serve', 'describe_last'].map(name =>
      globals.get(name)
    ) as [PyCallable, PyCallable, PyCallable, PyCallable];
    return { run, call, serve, describe_last };
  }

  private async grantOne(wish: Wish, answers: Answers): Promise<void> {
    try {
      const value = this.begin(wish);
      answers.add(toPlain(isThenable(value) ? await settle(value) : value));
    } catch (error) {
      answers.fail(this.describe(error));
    }
  }

  private begin(wish: Wish): unknown {
    const { run, call } = this.functions;
    if (typeof wish === 'string') {
      return callPausable(run, wish);
    }
    const [name, args, pauses] = wish;
    const converted = args.map(arg => this.toPython(arg));
    try {
      return pauses ? callPausable(call, name, ...converted) : call(name, ...converted);
    } finally {
      converted.forEach(destroy);
    }
  }

  /** Grant several brief wishes by one call of Python. */
  private async grantAll(wishes: readonly Wish[], answers: Answers): Promise<void> {
    let awaited: PromiseLike<unknown> | null = null;
    const done = (value: unknown): boolean => {
      if (isThenable(value)) {
        answers.giveBack(); // who knows how long it takes
        awaited = 'copy' in value ? ((value as unknown as PyProxy).copy() as unknown as PromiseLike<unknown>) : value;
        return false;
      }
      try {
        return answers.add(toPlain(value, false));
      } catch (error) {
        return answers.fail(this.describe(error));
      }
    };
    const failed = (type: string, message: string, traceback: string): boolean =>
      answers.fail({ type, message, traceback });
    await this.serve(wishes, answers, done, failed);
    if (awaited !== null) {
      try {
        answers.add(toPlain(await settle(awaited)));
      } catch (error) {
        answers.fail(this.describe(error));
      }
    }
  }

  private async serve(
    wishes: readonly Wish[],
    answers: Answers,
    ...hear: ((...args: never[]) => boolean)[]
  ): Promise<void> {
    const list: unknown = this.python.toPy(wishes);
    const pauses = wishes.some(wish => typeof wish === 'string' || wish[2]);
    const stop = this.watch(answers);
    const timer = pauses ? setInterval(() => answers.look(), PAUSED) : undefined;
    try {
      const { serve } = this.functions;
      await (pauses ? callPausable(serve, list, ...hear) : serve(list, ...hear));
    } finally {
      clearInterval(timer);
      stop();
      destroy(list);
    }
  }

  /**
   * Look now and then, while Python computes, whether a wish takes long that was thought to be brief.
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
    return typeof value === 'object' && value !== null ? (this.python.toPy(value) as unknown) : value;
  }
}

async function settle(value: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await value;
  } finally {
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
function toPlain(value: unknown, own = true): unknown {
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
      if (own) {
        proxy.destroy(); // Python destroys what it has lent
      }
    }
  }
  return value;
}
