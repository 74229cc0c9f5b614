import { expect, test } from 'vitest';

import { listenerOf, wordOf } from '../../../src/plugin/kernels/words';

test('only a name that nobody can guess is a channel', () => {
  const name = `jupyterlite-pool-${'0123456789abcdef'.repeat(2)}`;
  expect(listenerOf({ channel: name })?.channel).toBe(name);
  for (const other of [null, name, {}, { channel: 1 }, { channel: 'jupyterlite-pool-1' }]) {
    expect(listenerOf(other)).toBeNull();
  }
  expect(listenerOf({ channel: `${name}0` })).toBeNull();
  expect(listenerOf({ channel: `x${name}` })).toBeNull();
});

test('a kernel of an older wheel hears a word that it knows', () => {
  const channel = `jupyterlite-pool-${'0123456789abcdef'.repeat(2)}`;
  const wish = { number: 1, at: 2 };
  const [older, newer] = [listenerOf({ channel }), listenerOf({ channel, wishes: true })];
  expect(older && wordOf(wish, older)).toEqual({ type: 'interrupt' });
  expect(newer && wordOf(wish, newer)).toEqual({ type: 'interrupt', wish });
});

test('a kernel says which further words it knows', () => {
  const channel = `jupyterlite-pool-${'0123456789abcdef'.repeat(2)}`;
  expect(listenerOf({ channel })?.knows).toEqual([]);
  expect(listenerOf({ channel, knows: 'look' })?.knows).toEqual([]);
  expect(listenerOf({ channel, knows: ['look', 1, 'ask'] })?.knows).toEqual(['look', 'ask']);
});
