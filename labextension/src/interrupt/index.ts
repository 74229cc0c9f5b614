/** What a kernel loads, so that *Interrupt Kernel* ends the Python that runs in it. */
import { Asker, type World } from './asker';
import { type Answer, isMoreSeals, type Question, type Told } from './exchange';
import { isWhole } from './seal';
import { Sealed } from './sealed';
import { Shared } from './shared';
import { isTold, onLook, type Python, stepsSetter } from './signals';

/** Where a kernel hears of wishes. */
export interface Place {
  /** The URL that the service worker answers, and whether there is one. */
  url: string;
  served: boolean;
  /** The name under which the page answers; nobody else can guess it. */
  name: string;
  /** A seal that is never broken, and those of the first wishes. */
  control: string;
  seals: string[];
}

/**
 * Let this worker's Python hear of wishes of its page.
 *
 * Returns undefined where something else tells Python of signals already, and then changes nothing.
 */
export function listen(python: Python, place: Place): Asker | undefined {
  if (isTold(python)) {
    return undefined;
  }
  const asker = new Asker(worldOf(python, place), place.served);
  onLook(python, () => asker.look());
  return asker;
}

function worldOf(python: Python, { url, name, control, seals }: Place): World {
  const sealed = new Sealed(control, seals, isWhole);
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (isMoreSeals(data)) {
      sealed.add(data.first, data.seals);
    }
  };
  const shared = new Shared(name, self.crossOriginIsolated ? startEar : null);
  return {
    now: () => performance.now(),
    date: () => Date.now(),
    later: (action, delay) => void setTimeout(action, delay),
    steps: stepsSetter(python),
    sealed,
    shared,
    tell: heard => channel.postMessage({ heard } satisfies Told),
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

function startEar(): Worker {
  const ear = new Worker(new URL('ear.js', import.meta.url), { type: 'module', name: 'pool ear' });
  ear.onerror = event => event.preventDefault(); // seals tell of wishes, only later
  return ear;
}
