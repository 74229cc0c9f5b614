import { expect, test, vi } from 'vitest';

import { FakeWorker } from '../fakeWorker';
import { started, submit, useFakePage } from './fakePool';

useFakePage();

test('idle workers are let go, and come back for the next batch', async () => {
  const { pool, of } = await started(2, { idleTimeout: 20, spares: 1 });
  await vi.waitFor(() => expect(of('ended')).toHaveLength(2));
  expect(of('ended').map(({ end }) => end.reason)).toEqual(['retired', 'retired']);
  expect([pool.workers, pool.spares]).toEqual([[], 0]);
  submit(pool, 7);
  await vi.waitFor(() => expect(pool.workers.some(({ state }) => state === 'busy')).toBe(true));
  expect(FakeWorker.all.flatMap(worker => worker.batches)).toEqual([7]);
  const busy = FakeWorker.all.find(worker => worker.batches.length > 0);
  await new Promise(resolve => setTimeout(resolve, 60));
  expect(busy?.terminated).toBe(false); // a batch may take as long as it likes
  busy?.result(7);
  await vi.waitFor(() => expect(pool.workers).toEqual([]));
});
