import { expect, test } from 'vitest';

import { type EarMessage, note, Shared } from '../../src/interrupt/shared';

test('shared memory tells nothing before the ear listens, and then of each wish', () => {
  const told: EarMessage[] = [];
  const shared = new Shared('secret', () => ({
    postMessage: (message: unknown) => void told.push(message as EarMessage)
  }));
  expect(shared.last()).toBeNull();
  const [{ name, memory }] = told as [EarMessage];
  expect(name).toBe('secret');
  note(memory, 0);
  expect(shared.last()).toBe(0);
  note(memory, 3);
  expect(shared.last()).toBe(3);
});

test('where no memory is shared, it tells nothing', () => {
  expect(new Shared('secret', null).last()).toBeNull();
});
