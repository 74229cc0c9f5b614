import { expect, test } from 'vitest';

import { isWorkerFrame } from '../../src/pool/frames';
import type { WorkerFrame } from '../../src/protocol';

const GOOD: WorkerFrame[] = [
  { kind: 'phase', phase: 'loading' },
  { kind: 'snapshot', snapshot: new Blob() },
  {
    kind: 'result',
    batch: 3,
    payload: new Uint8Array(2),
    buffers: [new ArrayBuffer(1)],
    done: true,
    memory: 1
  },
  { kind: 'begin', batch: 3 },
  { kind: 'values', batch: -1, values: [undefined, 2], failed: null, kept: 0, took: 0.5 },
  { kind: 'error', batch: 3, type: 'E', message: 'm', traceback: 't' },
  { kind: 'output', task: -1, stream: 'stderr', text: 'x' },
  { kind: 'worn', message: 'm' },
  { kind: 'taken', batch: 3 },
  { kind: 'fatal', reason: 'silent', status: null, batch: 1, running: 0, message: 'm', memory: 1 },
  { kind: 'fatal', reason: 'exited', status: 7, batch: null, running: 0, message: 'm', memory: 1 },
  { kind: 'fatal', reason: 'fatal', status: null, batch: 1, running: null, message: 'm', memory: 1 }
];

test.each(GOOD)('a frame of the kind $kind is accepted', frame => {
  expect(isWorkerFrame(frame)).toBe(true);
});

const STRANGE: unknown[] = [undefined, null, NaN, 1.5, -7, '', 'x', [], {}, true, new Uint8Array()];

test.each(GOOD)(
  'a frame of the kind $kind with a missing field, or one of another type, is refused',
  frame => {
    for (const field of Object.keys(frame)) {
      const { [field as 'kind']: right, ...rest } = frame;
      expect(isWorkerFrame(rest), `without ${field}`).toBe(false);
      const others = STRANGE.filter(value => typeof value !== typeof right);
      for (const value of others) {
        const mayBeNull = ['status', 'batch', 'running'].includes(field) && frame.kind === 'fatal';
        const isNullOfIts =
          (mayBeNull && (value === null || typeof value === 'number')) ||
          (['snapshot', 'failed'].includes(field) && value === null);
        if (!isNullOfIts) {
          const name = `${field}: ${String(value)}`;
          expect(isWorkerFrame({ ...rest, [field]: value }), name).toBe(false);
        }
      }
    }
  }
);

test.each([
  [[0], true],
  [[], true],
  [[1], false],
  [[7], false],
  ['0', false]
])(
  'values of which %j have failed are accepted only if these are exceptions: %s',
  (failed, right) => {
    const values = [{ type: 'E', message: 'm', traceback: 't' }, { type: 'E' }];
    const frame = { kind: 'values', batch: -1, values, failed, kept: 0, took: 1 };
    expect(isWorkerFrame(frame)).toBe(right);
  }
);

test.each([null, undefined, 'result', 7, [], () => 1, { kind: 'toString' }, { kind: {} }])(
  '%s is refused',
  data => {
    expect(isWorkerFrame(data)).toBe(false);
  }
);
