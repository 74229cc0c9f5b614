/** The kernel's side of a pool. Its interface is that of `PyodidePool`, as far as a kernel needs it. */
import { afterBeats } from '../pool/wakingTime';
import type { WorkerEnd } from '../pool/events';
import type { Terms } from '../pool/job';
import { Life } from '../pool/life';
import type { WorkerStatus } from '../pool/status';
import type { MadeSnapshot } from '../pool/snapshotMaker';
import { transferables } from '../protocol';
import { shareDrive } from './drive';
import type { DriveRequests } from './drive';
import { Table } from './table';
import type { HireMessage, News, Order, PoolPlan, Told } from './words';

/** Milliseconds in which a broker whose lock is free must say that it lives. */
const ANSWER = 2_000;

/** Milliseconds that an order may be held back, to travel with others. */
const HOLD = 2;

/** What the names of brokers' locks begin with: whoever counts locks can tell workers from brokers. */
const BROKER = 'broker:';

/** What most batches have not. One object each, so that they can be compared. */
const NONE: never[] = [];
const ANY: Terms = {};

/** What hears of everything that happens in a pool. */
export interface NewsListener {
  event(event: Told): void;
  /** Of an event for many, in its packed form. Nearly all events come like this. */
  gathered(packed: Uint8Array<ArrayBuffer>): void;
}

/** The snapshots that pools of this kernel have made, by their likeness: later pools start quickly. */
const made = new Map<string, MadeSnapshot>();

/**
 * A pool that lives in a broker, which is a worker of its own.
 *
 * Python in a kernel has one thread, and so has its web worker. The broker gives batches to workers,
 * hears of their ends and keeps time limits while the kernel computes. The kernel hears of all that when
 * its event loop turns again.
 */
export class BrokeredPool {
  private readonly table = new Table();
  private readonly broker: Worker;
  private readonly port: MessagePort;
  private life = new Life(() => this.doubt(), BROKER);
  /** Calls off the end of the wait for a word of the broker; null where none is awaited. */
  private callOffEnd: (() => void) | null = null;
  /** Orders that Python gives while it hears of news, and until when they are held back for others. */
  private held: { orders: Order[]; transfer: Transferable[]; until: number } | null = null;
  /** Takes no turns at the drive any more; null where the kernel takes none. */
  private turns: (() => void) | null = null;
  /** Needs and terms of the last batch. */
  private needs: string[] = NONE;
  private terms: Terms = ANY;

  /**
   * @param brokerUrl where the built `broker.js` is served
   */
  constructor(
    readonly brokerUrl: string,
    plan: PoolPlan,
    private readonly listener: NewsListener
  ) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    this.port.onmessage = ({ data }: MessageEvent<News>) => this.hear(data);
    this.broker = new Worker(brokerUrl, { type: 'module', name: 'pool broker' });
    this.broker.onerror = event => {
      event.preventDefault();
      this.lose(event.message || `${brokerUrl} could not be loaded`);
    };
    const { lock, pulse } = this.life;
    const init = { ...plan.init, made: [...made.values()] };
    const hire: HireMessage = { kind: 'hire', plan: { ...plan, init }, port: port2, lock, pulse };
    this.broker.postMessage(hire, [port2, ...(pulse ? [pulse] : [])]);
  }

  /** As the kernel has heard of them. */
  get workers(): WorkerStatus[] {
    return this.table.status;
  }

  /** How many workers are ready to take the place of one that is lost. */
  get spares(): number {
    return this.table.spares;
  }

  /** Let the kernel take turns with the workers at a drive that answers one request at a time. */
  shareDrive(api: DriveRequests): void {
    const { port1, port2 } = new MessageChannel();
    this.turns = shareDrive(api, port1);
    this.send(['drive', port2], [port2]);
  }

  /** As `PyodidePool.put`. */
  put(key: string, payload: Uint8Array<ArrayBuffer>, buffers: ArrayBuffer[]): void {
    this.send(['put', key, payload, buffers], transferables({ payload, buffers }));
  }

  /** As `PyodidePool.drop`. */
  drop(key: string): void {
    this.send(['drop', key]);
  }

  /** As `PyodidePool.submit`. */
  submit(
    batch: number,
    payload: Uint8Array<ArrayBuffer>,
    buffers?: ArrayBuffer[],
    needs: string[] = NONE,
    terms: Terms = ANY
  ): void {
    const transfer = transferables({ payload, buffers: buffers ?? NONE });
    // Most batches have those of the batch before: the very same objects.
    if (needs === this.needs && terms === this.terms) {
      this.send(['submit', batch, payload, buffers], transfer);
    } else {
      this.send(['submit', batch, payload, buffers, needs, terms], transfer);
      [this.needs, this.terms] = [needs, terms];
    }
  }

  /** Take a batch back if no worker has it yet. An event says whether that was so. */
  cancel(batch: number): void {
    this.send(['cancel', batch]);
  }

  /** As `PyodidePool.kill`. */
  kill(worker: number, reason?: WorkerEnd['reason'], message?: string, batch?: number): void {
    this.send(['kill', worker, reason, message, batch]);
  }

  /** As `PyodidePool.limitLane`; without a limit, undefined. */
  limitLane(lane: number, seconds?: number): void {
    this.send(['limitLane', lane, seconds ?? null]);
  }

  /**
   * Cancel all batches of a lane if somebody says so on the channel of this name, also while the kernel
   * computes; without a name, not any more.
   */
  letCancel(lane: number, name?: string): void {
    this.send(['letCancel', lane, name ?? null]);
  }

  /** As `PyodidePool.scale`. */
  scale(size: number): void {
    this.send(['scale', size]);
  }

  /** As `PyodidePool.wake`. */
  wake(): void {
    this.send(['wake']);
  }

  /** Whether a worker that becomes ready runs no batch before the listener has heard of it. */
  setsUp(setsUp: boolean): void {
    this.send(['setsUp', setsUp]);
  }

  /** Stop every worker at once, and the broker. */
  terminate(): void {
    this.send(['terminate']);
    this.end('stopped by its owner');
  }

  private send(order: Order, transfer: Transferable[] = NONE): void {
    if (this.held === null || performance.now() > this.held.until) {
      this.flush();
      this.post(order, transfer);
    } else {
      this.held.orders.push(order);
      this.held.transfer.push(...transfer);
    }
  }

  /** Send the orders that are held back. */
  private flush(): void {
    const { held } = this;
    this.held = null;
    const [first] = held?.orders ?? [];
    if (held !== null && first !== undefined) {
      this.post(held.orders.length === 1 ? first : ['all', held.orders], held.transfer);
    }
  }

  private post(order: Order, transfer: Transferable[]): void {
    // An empty list costs more than none.
    if (transfer.length === 0) {
      this.port.postMessage(order);
    } else {
      this.port.postMessage(order, transfer);
    }
  }

  private hear(news: News): void {
    if (news.length === 0) {
      this.callOffEnd?.();
      this.life.watch(); // the broker holds its lock by now
      return;
    }
    this.held = { orders: [], transfer: [], until: performance.now() + HOLD };
    news.forEach(event => this.note(event));
    news.forEach(event => this.tell(event));
    for (const event of news) {
      if (event.type === 'ready') {
        this.send(['open', event.worker]);
      }
    }
    this.send(['heard']);
    this.flush();
  }

  private note(event: Told): void {
    if (event.type === 'made') {
      made.set(event.likeness, event);
    } else {
      this.table.note(event);
    }
  }

  private tell(event: Told): void {
    try {
      if (event.type === 'gathered') {
        this.listener.gathered(event.packed);
      } else {
        this.listener.event(event);
      }
    } catch (error) {
      console.error('jupyterlite-pool: a listener failed', error);
    }
  }

  /**
   * The broker has lost its lock: it is gone, or some script has taken the lock away.
   *
   * A broker never computes for long, so it can say at once that it lives.
   */
  private doubt(): void {
    const gone = 'the worker that manages the pool is gone';
    if (this.life.lock === null) {
      this.lose(gone); // nobody can take a pulse away
      return;
    }
    this.life = new Life(() => this.doubt(), BROKER);
    this.send(['prove', this.life.lock]);
    this.callOffEnd = afterBeats(ANSWER, () => this.lose(gone));
  }

  /** The broker cannot work any more, and all workers are gone with it. */
  private lose(message: string): void {
    if (this.end(message)) {
      this.tell({ type: 'broken', message });
    }
  }

  private end(message: string): boolean {
    const first = this.life.close({
      reason: 'terminated',
      message,
      status: null,
      running: null,
      memory: 0
    });
    if (first) {
      this.callOffEnd?.();
      this.turns?.();
      this.port.onmessage = null;
    }
    return first;
  }
}
