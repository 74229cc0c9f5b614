/** A pool in a worker of its own, which is awake while its kernel computes. */
import { holdForLife } from '../alive';
import { PyodidePool } from '../pool/pool';
import type { PoolEvent } from '../pool/events';
import type { Terms } from '../pool/job';
import type { MadeSnapshot } from '../pool/snapshotMaker';
import { TurnKeeper } from '../driveTurns/keeper';
import type { TurnSeals } from '../driveTurns/words';
import { Cancels } from './cancels';
import { Outbox } from './outbox';
import type { Order, PoolPlan } from './words';

type SubmitOrder = Extract<Order, ['submit', ...unknown[]]>;

/**
 * Has a pool, follows the orders of a kernel, and tells it what happens.
 *
 * A worker that becomes ready is given batches at once, although the kernel may not hear of it for
 * long. But if the kernel sets workers up, by an initializer for example, each new worker waits until
 * the kernel has submitted what the worker must run first.
 */
export class Broker {
  readonly pool: PyodidePool;
  private readonly outbox: Outbox;
  private readonly cancels = new Cancels(lane =>
    this.pool.endLane(lane, 'laneCancelled', 'its job was cancelled')
  );
  /** Workers that are ready, and of which the kernel has not heard. */
  private readonly unheard = new Set<number>();
  private setsUp = false;
  /** Needs and terms of the last batch. */
  private needs: readonly string[] = [];
  private terms: Terms = {};
  /** Bytes of each worker's memory, as the kernel was told last. */
  private readonly memory = new Map<number, number>();

  constructor(
    { workerUrl, size, options, init }: PoolPlan,
    private readonly port: MessagePort,
    private readonly close: () => void
  ) {
    this.outbox = new Outbox({
      send: (news, transfer) => this.port.postMessage(news, transfer),
      full: full => this.pool.hold(full)
    });
    const listener = (event: PoolEvent): void => this.hear(event);
    this.pool = new PyodidePool(workerUrl, size, { ...options, listener, opensLater: true });
    port.onmessage = ({ data }: MessageEvent<Order>) => this.follow(data);
    const onMade = (made: MadeSnapshot): void => this.outbox.push({ type: 'made', ...made });
    this.pool.init({ ...init, onMade }).catch(() => undefined); // an event tells of a failure, too
  }

  private follow(order: Order): void {
    const [name] = order;
    if (name === 'all') {
      order[1].forEach(each => this.follow(each));
    } else if (name === 'heard') {
      this.outbox.heard();
    } else if (name === 'submit') {
      this.submit(order);
    } else if (name === 'open') {
      this.unheard.delete(order[1]);
      this.pool.open(order[1]);
    } else if (name === 'prove') {
      void holdForLife(order[1]).then(() => this.port.postMessage([]));
    } else if (name === 'setsUp') {
      this.setUp(order[1]);
    } else if (name === 'drive') {
      const [, port] = order;
      const first: TurnSeals = { seals: new TurnKeeper(port).first };
      port.postMessage(first);
    } else if (name === 'letCancel') {
      const [, lane, channel] = order;
      if (channel === null) {
        this.cancels.forget(lane);
      } else {
        this.cancels.listen(lane, channel);
      }
    } else if (name === 'cancel') {
      const batch = order[1];
      this.outbox.push({ type: 'cancelled', batch, taken: this.pool.cancel(batch) });
    } else {
      this.call(order);
      if (name === 'terminate') {
        this.cancels.close();
        this.close();
      }
    }
  }

  private submit([, batch, payload, buffers, needs, terms]: SubmitOrder): void {
    this.needs = needs ?? this.needs;
    this.terms = terms ?? this.terms;
    if (this.cancels.has(this.terms.lane)) {
      this.outbox.push({ type: 'cancelled', batch, taken: true });
      return;
    }
    this.attempt(() => this.pool.submit(batch, payload, buffers, this.needs, this.terms));
  }

  private call(order: Order): void {
    const [name, ...args] = order;
    // TypeScript cannot follow that the arguments belong to the name.
    this.attempt(() => (this.pool[name as 'put'] as (...args: unknown[]) => void)(...args));
  }

  private attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      // The pool is closed, and an event on its way says why.
      console.debug(`jupyterlite-pool: an order came too late: ${error}`);
    }
  }

  private hear(event: PoolEvent): void {
    this.outbox.push(event);
    if (event.type === 'ready') {
      this.unheard.add(event.worker);
      if (!this.setsUp) {
        this.pool.open(event.worker);
      }
    } else if (event.type === 'ended') {
      this.unheard.delete(event.worker);
      this.memory.delete(event.worker);
    } else if (event.type === 'frame' && event.frame.kind === 'result') {
      this.tellMemory(event.worker, event.frame.memory);
    }
  }

  private setUp(setsUp: boolean): void {
    this.setsUp = setsUp;
    for (const worker of this.unheard) {
      if (setsUp) {
        this.pool.shut(worker);
      } else {
        this.pool.open(worker);
      }
    }
  }

  private tellMemory(worker: number, memory: number): void {
    if (this.memory.get(worker) !== memory) {
      this.memory.set(worker, memory);
      this.outbox.push({ type: 'memory', worker, memory });
    }
  }
}
