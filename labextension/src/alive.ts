/**
 * How a worker shows its host that it lives; `pool/life.ts` is the host's side.
 *
 * A worker holds a Web Lock, or lets an inner worker beat where there are no locks.
 */
import { errorText } from './errors';
import { PULSE } from './protocol';
import type { PulseMessage } from './protocol';

interface Hello {
  kind: string;
  /** Where this worker's pulse must beat; null where a lock tells of its end. */
  pulse: MessagePort | null;
}

/** Call `begin` with the first message of this worker's host; a worker hears no other there. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it types what comes
export function onHello<T extends Hello>(begin: (hello: T) => void): void {
  self.addEventListener(
    'message',
    ({ data }: MessageEvent<T | PulseMessage>) => {
      if (isPulse(data)) {
        setInterval(() => data.port.postMessage(null), PULSE); // this is an inner worker
        return;
      }
      if (data.pulse !== null) {
        startPulse(data.pulse);
      }
      begin(data);
    },
    { once: true }
  );
}

function isPulse(message: Hello | PulseMessage): message is PulseMessage {
  return message.kind === 'pulse';
}

/** Hold a Web Lock until this worker ends. Resolves when the worker has the lock, or cannot have it. */
export function holdForLife(lock: string | null): Promise<void> {
  return new Promise(resolve => {
    if (lock === null) {
      resolve();
      return;
    }
    let held = false;
    const life = navigator.locks.request(lock, () => {
      held = true;
      resolve();
      return new Promise<never>(() => undefined);
    });
    life.catch((error: unknown) => {
      if (held) {
        throw error; // another script took the lock; nobody catches this, so the worker is replaced
      }
      // A browser may refuse locks. The host then notices every end except a silent one.
      console.warn(`jupyterlite-pool: a worker runs without its lock: ${errorText(error)}`);
      resolve();
    });
  });
}

/** Start an inner worker that beats: it is never busy, and ends with this worker. */
function startPulse(port: MessagePort): void {
  const inner = new Worker(self.location.href, { type: 'module', name: 'pulse' });
  const message: PulseMessage = { kind: 'pulse', port };
  inner.postMessage(message, [port]);
}
