/** The entry point of a broker: a kernel starts it by its URL, and hires it by one message. */
import { holdForLife, onHello } from '../alive';
import { Broker } from './broker';
import type { HireMessage } from './words';

/** The broker of this worker, once it is hired. */
export let broker: Broker | null = null;

onHello(({ plan, port, lock }: HireMessage) => {
  void holdForLife(lock).then(() => {
    port.postMessage([]); // the kernel may watch the lock now
    broker = new Broker(plan, port, () => self.close());
  });
});
