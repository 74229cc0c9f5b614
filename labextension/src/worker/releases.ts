/**
 * What differs between releases of Pyodide. The only file of a worker that knows of it.
 *
 * No number of a release decides anything: each function looks for what is there.
 */
import { errorText } from '../errors';
import type {
  CreatePyodideModule,
  LoadOptions,
  Pyodide,
  PyodideModule,
  PyodideRuntime
} from './pyodide';

/** The script beside `pyodide.mjs` that makes the C side: its name now, and its name before. */
const SCRIPTS = ['pyodide.asm.mjs', 'pyodide.asm.js'] as const;

/** A module has the function as its export. A classic script exports nothing. */
interface RuntimeScript {
  default?: CreatePyodideModule;
}

/** Where a classic script puts the function, and where `loadPyodide` looks for it then. */
const classic = globalThis as { _createPyodideModule?: CreatePyodideModule };

/** Milliseconds in which `loadPyodide` asks for its C side, once it has the head of a snapshot. */
const ASKED_WITHIN = 5_000;

/** The function that makes the C side of the Pyodide at `pyodideUrl`. Its script is loaded once. */
export async function importRuntime(pyodideUrl: string): Promise<CreatePyodideModule> {
  const [url, earlier] = SCRIPTS.map(name => new URL(name, pyodideUrl).href) as [string, string];
  const script = await importScript(url).catch((error: unknown) =>
    importScript(earlier).catch(() => {
      throw new Error(`${url} could not be loaded: ${errorText(error)}`);
    })
  );
  const create = script.default ?? classic._createPyodideModule;
  if (typeof create !== 'function') {
    throw new Error(`${url} could not be loaded: it is not a script of Pyodide`);
  }
  return create;
}

async function importScript(url: string): Promise<RuntimeScript> {
  return (await import(url)) as RuntimeScript;
}

/**
 * Start a Pyodide whose C side is made by `create`.
 *
 * There is an option for that, or the function of the classic script is replaced meanwhile. A release
 * that has neither would make an empty C side and never end. That is an error here.
 */
export async function loadWith(
  loadPyodide: PyodideModule['loadPyodide'],
  options: LoadOptions & { _loadSnapshot: Promise<Uint8Array> },
  create: CreatePyodideModule
): Promise<Pyodide> {
  const before = classic._createPyodideModule;
  const { asked, createPyodideModule } = noting(create);
  if (before !== undefined) {
    classic._createPyodideModule = createPyodideModule;
  }
  try {
    const unasked = options._loadSnapshot.then(() => endUnless(asked));
    return await Promise.race([loadPyodide({ ...options, createPyodideModule }), unasked]);
  } finally {
    if (before !== undefined) {
      classic._createPyodideModule = before;
    }
  }
}

/** The same function, and whether anybody has called it. */
function noting(create: CreatePyodideModule): {
  asked: () => boolean;
  createPyodideModule: CreatePyodideModule;
} {
  let called = false;
  return {
    asked: () => called,
    createPyodideModule: settings => {
      called = true;
      return create(settings);
    }
  };
}

/** Reject if nobody has asked for the C side in time; never end otherwise. */
async function endUnless(asked: () => boolean): Promise<never> {
  await new Promise(resolve => setTimeout(resolve, ASKED_WITHIN));
  if (!asked()) {
    throw new Error('this release of Pyodide lets nobody else make its runtime');
  }
  return new Promise<never>(() => undefined);
}

/**
 * Where in the heap the pointer of the trampoline is, as an index of `HEAP32`.
 *
 * The release exports where Python keeps the offset of that pointer in its state, under one of two
 * names. An offset of 0 would be the first word of Python's state, which must not be written to.
 */
export function trampolinePlace(module: PyodideRuntime): number {
  const noted =
    module.__PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET ?? module.__PyEM_EMSCRIPTEN_COUNT_ARGS_OFFSET;
  const offset = noted === undefined ? 0 : (module.HEAP32[noted / 4] ?? 0);
  if (offset === 0) {
    throw new Error('this release of Pyodide does not tell where its trampoline is');
  }
  return (module.__PyRuntime + offset) / 4;
}
