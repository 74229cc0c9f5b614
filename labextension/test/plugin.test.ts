import type { IKernelClient } from '@jupyterlite/services';
import { expect, test, vi } from 'vitest';

import { beforeInterrupt } from '../src/plugin/kernels/interrupt';
import { DEFAULTS, forKernel } from '../src/plugin/settings';
import { welcome } from '../src/plugin/kernels/welcome';
import { channelOf } from '../src/plugin/kernels/words';

test('a channel has a name that nobody can guess, or it is none', () => {
  const name = `jupyterlite-pool-${'0123456789abcdef'.repeat(2)}`;
  expect(channelOf({ channel: name })).toBe(name);
  for (const other of [null, name, {}, { channel: 1 }, { channel: 'jupyterlite-pool-1' }]) {
    expect(channelOf(other)).toBeNull();
  }
  expect(channelOf({ channel: `${name}0` })).toBeNull();
  expect(channelOf({ channel: `x${name}` })).toBeNull();
});

test('the pool is told before the cells behind are dropped', async () => {
  const order: string[] = [];
  const client = {
    interrupt: (kernel: string) => {
      order.push(`drop ${kernel}`);
      return Promise.resolve();
    }
  } as unknown as IKernelClient;
  const told = vi.fn((kernel: string) => {
    order.push(`tell ${kernel}`);
    return Promise.resolve();
  });
  beforeInterrupt(client, told);
  await client.interrupt('k');
  expect(order).toEqual(['tell k', 'drop k']);
});

test('a kernel is told what concerns it, in a literal of Python', () => {
  const told = forKernel(DEFAULTS, true);
  expect(told).not.toHaveProperty('interruptCancelsJobs');
  const literal = /jupyterlitePoolPage = (".*")$/m.exec(welcome(told, null))?.[1];
  expect(JSON.parse(JSON.parse(literal ?? '') as string)).toEqual(told);
});

test('a kernel imports nothing where workers are not to start ahead', () => {
  expect(welcome(forKernel(DEFAULTS, true), null)).toContain('if True and find_spec');
  expect(welcome(forKernel({ ...DEFAULTS, prewarm: false }, true), null)).toContain('if False and');
});

test('a kernel is told where its files are served, where they are', () => {
  const told = forKernel(DEFAULTS, true);
  expect(welcome(told, 'a"b')).toContain('js.jupyterlitePoolDrive = "a\\"b"\n');
  expect(welcome(told, null)).not.toContain('jupyterlitePoolDrive');
});
