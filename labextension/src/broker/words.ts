/**
 * What a kernel and its broker say to each other, over one private port.
 *
 * Orders go to the broker, news come back. Buffers are transferred.
 */
import type { InitOptions } from '../pool/launcher';
import type { Terms } from '../pool/job';
import type { PoolOptions, PyodidePool } from '../pool/pool';
import type { PoolEvent } from '../pool/events';
import type { MadeSnapshot } from '../pool/snapshotMaker';

/** The methods of a pool that a kernel orders its broker to call. */
type Ordered = 'put' | 'drop' | 'cancel' | 'kill' | 'limitLane' | 'scale' | 'wake' | 'terminate';

/** An order: the name of a method of the pool, and its arguments. */
export type Order =
  | { [M in Ordered]: [M, ...Parameters<PyodidePool[M]>] }[Ordered]
  /** As `PyodidePool.submit`. Needs and terms are those of the order before, if they are left out. */
  | [
      'submit',
      number,
      Uint8Array<ArrayBuffer>,
      (ArrayBuffer[] | undefined)?,
      (readonly string[])?,
      Terms?
    ]
  /** Several orders. */
  | ['all', Order[]]
  /** The kernel has heard that this worker is ready, and has submitted what the worker runs first. */
  | ['open', number]
  /** Whether workers that become ready run no batch before the kernel opens them. */
  | ['setsUp', boolean]
  /** Prove that the broker lives, by a message, and hold this Web Lock from now on. */
  | ['prove', string | null]
  /** Cancel a lane if somebody says so on the channel of this name; null when its job has ended. */
  | ['letCancel', number, string | null]
  /** Let the kernel take turns at the drive, over this port. */
  | ['drive', MessagePort]
  /** The kernel has received the last news. */
  | ['heard'];

/** Batches that were given to workers, and small results, in their order. */
export interface GatheredEvent {
  type: 'gathered';
  /**
   * Words of four bytes, then the payloads of the results, one after the other.
   *
   * The first word says how many others there are: four for each event, which are worker, batch,
   * bytes of the result, and 1 if the batch is done. Where a batch was given to a worker, -1 stands in
   * place of the bytes.
   */
  packed: Uint8Array<ArrayBuffer>;
}

/** One thing that a broker tells. */
export type Told =
  | PoolEvent
  | GatheredEvent
  /** A worker's memory has grown to this many bytes. */
  | { type: 'memory'; worker: number; memory: number }
  /** The pool has made a snapshot, which other pools of the kernel can use. */
  | ({ type: 'made' } & MadeSnapshot);

/** What a broker tells in one message. The first message has no news: the broker lives. */
export type News = Told[];

/** The pool that a broker is to have. */
export interface PoolPlan {
  workerUrl: string;
  size: number;
  options: Omit<PoolOptions, 'listener' | 'opensLater'>;
  init: Omit<InitOptions, 'onProgress' | 'onMade'>;
}

/** The only message on the global channel of a broker. */
export interface HireMessage {
  kind: 'hire';
  plan: PoolPlan;
  port: MessagePort;
  /** The Web Lock that the broker holds while it lives; null where there are no locks. */
  lock: string | null;
  /** Where the broker's pulse beats; null where a lock tells of its end. */
  pulse: MessagePort | null;
}
