import { expect, test } from 'vitest';

import { channelOf } from '../../../src/plugin/kernels/words';

test('only a name that nobody can guess is a channel', () => {
  const name = `jupyterlite-pool-${'0123456789abcdef'.repeat(2)}`;
  expect(channelOf({ channel: name })).toBe(name);
  for (const other of [null, name, {}, { channel: 1 }, { channel: 'jupyterlite-pool-1' }]) {
    expect(channelOf(other)).toBeNull();
  }
  expect(channelOf({ channel: `${name}0` })).toBeNull();
  expect(channelOf({ channel: `x${name}` })).toBeNull();
});
