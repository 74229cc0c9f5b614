import type { Kernel } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { beforeEach, expect, test } from 'vitest';

import { Lives } from '../../../src/plugin/card/lives';

class Connection {
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  constructor(readonly id: string) {}
}

let lives: Lives;
let changes: number;
let connection: Connection;

beforeEach(() => {
  [lives, changes, connection] = [new Lives(), 0, new Connection('kernel')];
  lives.changed.connect(() => (changes += 1));
  lives.connect(connection as unknown as Kernel.IKernelConnection);
});

test('a life lasts until its kernel begins another one', () => {
  lives.begins('kernel', 'one');
  lives.begins('other', 'two');
  expect([lives.has('one'), lives.has('two'), lives.has('three')]).toEqual([true, true, false]);
  expect(changes).toBe(2);
  lives.begins('kernel', 'one');
  expect(changes).toBe(2);
  lives.begins('kernel', 'three');
  expect([lives.has('one'), lives.has('two'), lives.has('three')]).toEqual([false, true, true]);
});

test.each(['restarting', 'autorestarting', 'terminating', 'dead'] as const)(
  'a kernel that is %s has no life',
  status => {
    lives.begins('kernel', 'one');
    connection.statusChanged.emit('busy');
    expect(lives.has('one')).toBe(true);
    connection.statusChanged.emit(status);
    expect(lives.has('one')).toBe(false);
    expect(changes).toBe(2);
  }
);

test('a kernel of an older wheel has no life', () => {
  lives.begins('kernel', null);
  lives.ends('kernel');
  expect(changes).toBe(0);
});
