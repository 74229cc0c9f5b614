import { expect, test } from 'vitest';

import { pack } from '../../src/broker/gather';
import { Table } from '../../src/broker/table';
import { REPORT } from '../fakeWorker';

function ready(): Table {
  const table = new Table();
  table.note({ type: 'starting', worker: 3, pid: 77 });
  table.note({ type: 'ready', worker: 3, report: { ...REPORT, restored: true } });
  return table;
}

test('a worker is starting, then idle', () => {
  const table = new Table();
  table.note({ type: 'starting', worker: 3, pid: 77 });
  expect(table.status).toMatchObject([{ id: 3, pid: 77, state: 'starting', restored: false }]);
  table.note({ type: 'ready', worker: 3, report: { ...REPORT, restored: true } });
  expect(table.status).toMatchObject([
    { id: 3, state: 'idle', restored: true, memory: REPORT.memory }
  ]);
});

test('a worker is busy until it has finished all that it was given', () => {
  const table = ready();
  const payload = new Uint8Array();
  table.note(pack([3, 1, -1, 0, 3, 2, -1, 0, 3, 1, 5, 1], [payload]));
  expect(table.status).toMatchObject([{ state: 'busy', finished: 1 }]);
  table.note(pack([3, 2, 5, 0], [payload]));
  expect(table.status).toMatchObject([{ state: 'busy' }]);
  table.note({
    type: 'frame',
    worker: 3,
    frame: { kind: 'error', batch: 2, type: 'E', message: '', traceback: '' }
  });
  expect(table.status).toMatchObject([{ state: 'idle', finished: 2 }]);
});

test('memory and spares are as they were told last', () => {
  const table = ready();
  table.note({ type: 'memory', worker: 3, memory: 5000 });
  table.note({ type: 'spares', spares: 1 });
  expect(table.status).toMatchObject([{ memory: 5000 }]);
  expect(table.spares).toBe(1);
});

test('a worker that has ended is gone, and later words of it change nothing', () => {
  const table = ready();
  const end = { reason: 'silent', message: '', status: null, running: null, memory: 0 } as const;
  table.note({ type: 'ended', worker: 3, batch: null, behind: [], untaken: [], end });
  table.note(pack([3, 1, -1, 0], []));
  table.note({ type: 'memory', worker: 3, memory: 1 });
  expect(table.status).toEqual([]);
});
