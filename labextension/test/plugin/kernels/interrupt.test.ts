import type { IKernelClient } from '@jupyterlite/services';
import { expect, test, vi } from 'vitest';

import { beforeInterrupt } from '../../../src/plugin/kernels/interrupt';

test('the kernel hears of an interrupt before its waiting cells are dropped', async () => {
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
