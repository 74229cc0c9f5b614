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
  { kind: 'value', batch: -1, value: undefined },
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
      if (field === 'value') {
        continue; // it may have any type
      }
      const { [field as 'kind']: right, ...rest } = frame;
      expect(isWorkerFrame(rest), `without ${field}`).toBe(false);
      const others = STRANGE.filter(value => typeof value !== typeof right);
      for (const value of others) {
        const mayBeNull = ['status', 'batch', 'running'].includes(field) && frame.kind === 'fatal';
        const isNullOfIts =
          (mayBeNull && (value === null || typeof value === 'number')) ||
          (field === 'snapshot' && value === null);
        if (!isNullOfIts) {
          const name = `${field}: ${String(value)}`;
          expect(isWorkerFrame({ ...rest, [field]: value }), name).toBe(false);
        }
      }
    }
  }
);

test.each([null, undefined, 'result', 7, [], () => 1, { kind: 'toString' }, { kind: {} }])(
  '%s is refused',
  data => {
    expect(isWorkerFrame(data)).toBe(false);
  }
);
