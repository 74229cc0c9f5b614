/** What a kernel loads, so that *Interrupt Kernel* ends the Python that runs in it. */
import { Asker, type World } from './asker';
import type { Answer, Question } from './exchange';

/** The part of Pyodide that is used. */
interface Python {
  setInterruptBuffer(buffer: unknown): void;
  _module?: { Py_EmscriptenSignalBuffer?: unknown };
}

/** Where to ask. */
export interface Place {
  /** The URL that the service worker answers. */
  url: string;
  /** The name under which the page answers; nobody else can guess it. */
  name: string;
}

/**
 * Let this worker's Python ask its page.
 *
 * Returns undefined where something else tells Python of signals already, and then changes nothing.
 */
export function listen(python: Python, place: Place): Asker | undefined {
  if (python._module?.Py_EmscriptenSignalBuffer) {
    return undefined;
  }
  const asker = new Asker(worldOf(place));
  python.setInterruptBuffer(asker.buffer);
  return asker;
}

function worldOf({ url, name }: Place): World {
  return {
    now: () => performance.now(),
    date: () => Date.now(),
    later: (action, delay) => void setTimeout(action, delay),
    ask: (question: Question, patience) => {
      const request = new XMLHttpRequest();
      request.open('POST', url, false);
      request.timeout = patience;
      request.send(JSON.stringify({ browsingContextId: name, data: question }));
      if (request.status !== 200) {
        throw new Error(`the page does not answer: HTTP status ${request.status}`);
      }
      return JSON.parse(request.responseText) as Answer;
    }
  };
}
