import { expect, test } from 'vitest';

import { KIND, STATE } from '../../../src/plugin/timeline/data';
import { Reader } from '../../../src/plugin/timeline/decode';

/** An answer as `tests/unit/notebook/test_bars.py` has it. */
const ANSWER = {
  log: 'a',
  now: 3,
  next: 3,
  more: false,
  forgotten: 5,
  works: [
    [1, 'f'],
    [2, 'g']
  ],
  stretches: {
    worker: [0, 0, -1],
    end: [1, 3, 3],
    work: [-1, 0, 1],
    kind: [1, 0, 0],
    state: [1, 1, 2],
    count: [1, 2, 2],
    first: [0, 4, -1]
  },
  items: [7, 3],
  micros: [1_000_000, 250_000, 500_000, 100_000, 200_000],
  running: { worker: [0], begin: [2.5], work: [1], kind: [0], item: [9] },
  workers: [[0, 1, null]]
};

test('stretches become bars, one behind the other', () => {
  const reader = new Reader();
  expect(reader.read(ANSWER)).toBe(false);
  const { recording } = reader;
  const track = recording.track(0);
  expect(Array.from({ length: track.size }, (_, place) => recording.bar(track, place))).toEqual([
    { worker: 0, begin: 0, end: 1, kind: KIND.starting, state: STATE.done, work: null, item: 0 },
    {
      worker: 0,
      begin: 2.25,
      end: 2.5,
      kind: KIND.item,
      state: STATE.done,
      work: { job: 1, label: 'f' },
      item: 4
    },
    {
      worker: 0,
      begin: 2.5,
      end: 3,
      kind: KIND.item,
      state: STATE.done,
      work: { job: 1, label: 'f' },
      item: 5
    }
  ]);
  const notebook = recording.track(-1);
  expect([...notebook.item.subarray(0, notebook.size)]).toEqual([7, 3]);
  expect(recording.bar(notebook, 1).state).toBe(STATE.failed);
  expect(recording.running).toEqual([
    {
      worker: 0,
      begin: 2.5,
      end: 3,
      kind: KIND.item,
      state: STATE.running,
      work: { job: 2, label: 'g' },
      item: 9
    }
  ]);
  expect([...recording.lives]).toEqual([[0, { ready: 1, ended: null }]]);
  expect(recording.forgotten).toBe(5);
  expect(reader.since).toBe(3);
});

test('what comes later is added, and what runs is replaced', () => {
  const reader = new Reader();
  reader.read(ANSWER);
  const { recording } = reader;
  const none = { worker: [], begin: [], work: [], kind: [], item: [] };
  reader.read({ ...ANSWER, now: 4, next: 6, running: none });
  expect(reader.recording).toBe(recording);
  expect(recording.track(0).size).toBe(6);
  expect(recording.running).toEqual([]);
  expect(reader.since).toBe(6);
});

test('another log begins anew, and is asked for from its beginning', () => {
  const reader = new Reader();
  reader.read(ANSWER);
  const { recording } = reader;
  const other = { ...ANSWER, log: 'b' };
  expect(reader.read(other)).toBe(true);
  expect(reader.since).toBe(0);
  expect(reader.read(other)).toBe(false);
  expect(reader.recording).not.toBe(recording);
  expect(reader.recording.track(0).size).toBe(3);
});

test.each([
  null,
  undefined,
  'bars',
  {},
  { ...ANSWER, log: 1 },
  { ...ANSWER, micros: null },
  { ...ANSWER, stretches: { ...ANSWER.stretches, first: [1] } },
  { ...ANSWER, running: {} }
])('what is no answer is refused: %j', said => {
  const reader = new Reader();
  expect(() => reader.read(said)).toThrow(TypeError);
  expect(reader.recording.size).toBe(0);
});
