import type { Kernel } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Word } from '../../../src/plugin/kernels/words';
import { PoolStates } from '../../../src/plugin/state/states';
import { pool, state, worker } from './samples';

const STATE = state([pool([worker(0)])]);

/** A connection to a kernel, whose messages a test sends. */
class Connection {
  readonly id = 'kernel';
  readonly disposed = new Signal<this, void>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  private target: Parameters<Kernel.IKernelConnection['registerCommTarget']>[1] | undefined;

  registerCommTarget(_: string, target: typeof this.target): void {
    this.target = target;
  }

  /** The kernel opens a comm to a viewer; returns what sends on it. */
  open(viewer: unknown): (data: unknown) => void {
    const comm: Partial<Kernel.IComm> = {};
    void this.target?.(comm as Kernel.IComm, { content: { data: { viewer } } } as never);
    return data =>
      void comm.onMsg?.({ content: { data: { json: JSON.stringify(data) } } } as never);
  }
}

let said: Word[];
let knows: boolean;
let seen: boolean;
let states: PoolStates;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  [said, knows, seen] = [[], true, true];
  const kernels = { send: (_: string, word: Word) => void said.push(word), knows: () => knows };
  states = new PoolStates(kernels, () => seen, nullTranslator.load(''));
  connection = new Connection();
  states.connect(connection as unknown as Kernel.IKernelConnection);
});
afterEach(() => vi.useRealTimers());

/** The last word of a kind that was said. */
function last<T extends Word['type']>(type: T): Extract<Word, { type: T }> {
  const found = said.filter(word => word.type === type).at(-1);
  if (found === undefined) {
    throw new Error(`no ${type} was said`);
  }
  return found as Extract<Word, { type: T }>;
}

test('the page says that it looks, again and again, as long as somebody does', () => {
  vi.advanceTimersByTime(60_000);
  expect(said).toEqual([]);
  const looking = states.look('kernel', 0.5);
  expect(last('look').look).toMatchObject({ every: 0.5 });
  const quick = states.look('kernel', 0.1);
  expect(last('look').look).toMatchObject({ every: 0.1 });
  quick.dispose();
  vi.advanceTimersByTime(10_000);
  expect(said.length).toBeGreaterThanOrEqual(6);
  expect(last('look').look).toMatchObject({ every: 0.5 });
  looking.dispose();
  const before = said.length;
  vi.advanceTimersByTime(60_000);
  expect(said.length).toBe(before);
});

test('nobody looks at a page that is hidden, nor at a kernel that does not know how', () => {
  seen = false;
  states.look('kernel', 1);
  expect(said).toEqual([]);
  seen = true;
  states.lookAgain();
  expect(said.length).toBe(1);
  knows = false;
  vi.advanceTimersByTime(10_000);
  expect(said.length).toBe(1);
});

test('a state is kept and told of; what is none is ignored', () => {
  const heard = vi.fn();
  states.changed.connect(heard);
  states.look('kernel', 1);
  const send = connection.open(last('look').look.viewer);
  send({ state: { pools: 'none' } });
  send({ other: 1 });
  expect(states.get('kernel')).toBeNull();
  send({ state: STATE });
  expect(states.get('kernel')?.state).toEqual(STATE);
  expect(heard).toHaveBeenCalledTimes(1);
});

test('what a kernel tells another viewer is not for this page', () => {
  states.look('kernel', 1);
  connection.open('0123456789abcdef')({ state: STATE });
  expect(states.get('kernel')).toBeNull();
});

test('two parts of the page with one kernel hear it once', () => {
  const heard = vi.fn();
  const other = new Connection();
  states.connect(other as unknown as Kernel.IKernelConnection);
  states.changed.connect(heard);
  states.look('kernel', 1);
  const { viewer } = last('look').look;
  for (const send of [connection.open(viewer), other.open(viewer)]) {
    send({ state: STATE });
  }
  expect(heard).toHaveBeenCalledTimes(1);
});

test('where a connection has ended, the kernel is asked for another comm', () => {
  const other = new Connection();
  states.connect(other as unknown as Kernel.IKernelConnection);
  states.look('kernel', 1);
  const { viewer } = last('look').look;
  connection.open(viewer)({ state: STATE });
  connection.disposed.emit();
  expect(last('look').look.viewer).not.toBe(viewer);
  other.open(last('look').look.viewer)({ state: state([]) });
  expect(states.get('kernel')?.state).toEqual(state([]));
});

test('a restart forgets the state, and gives up what was asked', async () => {
  states.look('kernel', 1);
  connection.open(last('look').look.viewer)({ state: STATE });
  const asked = states.ask('kernel', 'scale', { workers: 2 });
  connection.statusChanged.emit('restarting');
  expect(states.get('kernel')).toBeNull();
  expect(await asked).toHaveProperty('error');
});

test('a question has its answer, by its number', async () => {
  const looking = states.look('kernel', 1);
  const [one, two] = [states.ask('kernel', 'scale', { workers: 2 }), states.ask('kernel', 'x')];
  looking.dispose();
  const questions = said.flatMap(word => (word.type === 'ask' ? [word.question] : []));
  expect(questions[0]).toMatchObject({ what: 'scale', workers: 2 });
  const send = connection.open(questions[0]?.viewer);
  send({ answer: questions[1]?.number, value: { value: 'b' } });
  send({ answer: questions[0]?.number, value: { value: 'a' } });
  expect(await one).toEqual({ value: 'a' });
  expect(await two).toEqual({ value: 'b' });
});
