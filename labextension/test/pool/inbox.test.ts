import { expect, test } from 'vitest';

import type { WorkerEnd } from '../../src/pool/events';
import { Inbox } from '../../src/pool/inbox';
import { callsJob, runJob } from '../../src/pool/job';
import type { Job, Terms } from '../../src/pool/job';
import type { Encoded, HostFrame, ResultFrame, ValuesFrame } from '../../src/protocol';

const OBJECTS = new Map<string, Encoded>([
  ['f', { payload: new Uint8Array([1]), buffers: [] }],
  ['g', { payload: new Uint8Array([2]), buffers: [] }]
]);

function job(batch: number, needs: string[] = [], terms: Terms = {}): Job {
  return runJob(batch, new Uint8Array([batch]), [], needs, terms);
}

function result(batch: number): ResultFrame {
  const payload = new Uint8Array();
  return { kind: 'result', batch, payload, buffers: [], done: true, memory: 0 };
}

function values(batch: number): ValuesFrame {
  return { kind: 'values', batch, values: [0], failed: null, kept: 0, took: 1 };
}

function ended(reason: WorkerEnd['reason']): WorkerEnd {
  return { reason, message: '', status: null, running: null, memory: 0 };
}

function given(...jobs: Job[]): { inbox: Inbox; sent: HostFrame[] } {
  const sent: HostFrame[] = [];
  const inbox = new Inbox(frame => sent.push(frame));
  for (const each of jobs) {
    inbox.add(each);
    inbox.send(each, OBJECTS);
  }
  return { inbox, sent };
}

/** The numbers of the jobs that are left, as begun, behind and untaken. */
function left(inbox: Inbox, reason: WorkerEnd['reason']): number[][] {
  const { begun, behind, untaken } = inbox.unfinished(ended(reason));
  return [begun, behind, untaken].map(jobs => jobs.map(({ batch }) => batch));
}

test('the worker is asked to acknowledge a job only if it has none', () => {
  const { inbox, sent } = given(job(1), job(2));
  expect(sent.map(frame => frame.kind === 'run' && frame.acknowledge)).toEqual([true, false]);
  expect(inbox.length).toBe(2);
  expect(inbox.current?.batch).toBe(1);
});

test('each object is sent once, before the first job that needs it, until it is dropped', () => {
  const { inbox, sent } = given(job(1, ['f', 'g']), job(2, ['f', 'missing']));
  inbox.drop('f');
  inbox.drop('f');
  const again = job(3, ['f']);
  inbox.add(again);
  inbox.send(again, OBJECTS);
  const words = sent.map(frame => ('key' in frame ? `${frame.kind} ${frame.key}` : frame.kind));
  expect(words).toEqual(['put f', 'put g', 'run', 'run', 'drop f', 'put f', 'run']);
});

test('a job that cannot be sent is taken out', () => {
  const inbox = new Inbox(() => {
    throw new Error('too large');
  });
  const large = job(1);
  inbox.add(large);
  expect(() => inbox.send(large, OBJECTS)).toThrow('too large');
  expect(inbox.length).toBe(0);
});

test('a batch is cancelled only at a worker that has it', () => {
  const { inbox, sent } = given(job(1));
  inbox.cancel(2);
  inbox.cancel(1);
  expect(sent.slice(1)).toEqual([{ kind: 'cancel', batch: 1 }]);
});

test('jobs with a target do not count as served', () => {
  const { inbox } = given(job(1, [], { target: 0 }), job(2));
  expect(inbox.served).toBe(1);
  const { inbox: later } = given(job(3));
  expect(later.lastServed).toBeGreaterThan(inbox.lastServed);
});

test('a frame about another job is wrong, and so is one of another kind', () => {
  const { inbox } = given(job(1));
  expect(inbox.hear({ kind: 'taken', batch: 1 })).toBeNull();
  expect(inbox.hear(result(1))).toBeNull();
  expect(inbox.hear(result(2))).toContain('batch 2, which it was not given');
  expect(inbox.hear(values(1))).toContain('kind run with one of the kind values');
  const source = given(callsJob(-1, ['1'])).inbox;
  expect(source.hear({ kind: 'begin', batch: -1 })).toContain(
    'kind calls with one of the kind begin'
  );
});

test('of a worker that ended by itself, the first job had begun if the worker had said so', () => {
  const { inbox } = given(job(1), job(2));
  expect(left(inbox, 'silent')).toEqual([[], [], [1, 2]]);
  inbox.hear({ kind: 'taken', batch: 1 });
  expect(left(inbox, 'silent')).toEqual([[1], [], [2]]);
});

test('of a job that had its turn without a word, only a last word says whether it had begun', () => {
  const { inbox } = given(job(1), job(2), job(3));
  inbox.hear(result(1));
  inbox.finish();
  expect(left(inbox, 'silent')).toEqual([[], [2], [3]]);
  inbox.hearLast(2);
  expect(left(inbox, 'exited')).toEqual([[2], [], [3]]);
  const { inbox: other } = given(job(1), job(2));
  other.finish();
  other.hearLast(null);
  expect(left(other, 'exited')).toEqual([[], [], [2]]);
});

test('of brief calls, only an answer or a last word says whether they had begun', () => {
  const brief = (): Inbox => given(callsJob(-1, ['1', '2'], [], true)).inbox;
  const { sent } = given(callsJob(-1, ['1', '2'], [], true));
  expect(sent).toMatchObject([{ kind: 'calls', acknowledge: false }]);
  expect(left(brief(), 'silent')).toEqual([[], [-1], []]);
  const said = brief();
  said.hearLast(null);
  expect(left(said, 'exited')).toEqual([[], [], [-1]]);
  const heard = brief();
  heard.hear(values(-1));
  expect(left(heard, 'exited')).toEqual([[-1], [], []]);
});

test('the answers to calls are counted one by one, and as one turn', () => {
  const { inbox } = given(callsJob(-1, ['1', '2', '3']));
  inbox.count(2);
  inbox.count(1);
  inbox.finish();
  expect([inbox.finished, inbox.turns]).toEqual([3, 1]);
});

test('a worker that was stopped may have begun all of its jobs', () => {
  const { inbox } = given(job(1), job(2));
  expect(left(inbox, 'terminated')).toEqual([[1], [2], []]);
});

test('the last job says which jobs may wait behind it', () => {
  const { inbox } = given(job(1), job(2, [], { lane: 5, brief: true }));
  expect(inbox.last).toMatchObject({ batch: 2, lane: 5, brief: true });
  expect(given().inbox.last).toBeUndefined();
});

test('the first job says how long it may take', () => {
  const { inbox } = given(job(1, [], { timeLimit: 3 }), job(2));
  expect(inbox.timeLimit).toBe(3);
  inbox.finish();
  expect(inbox.timeLimit).toBeUndefined();
});
