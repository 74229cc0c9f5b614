import { expect, test } from 'vitest';

import { newsOf, planOf } from '../../../src/plugin/cells/plan';
import { type Ended, ParallelRun } from '../../../src/plugin/cells/run';

/** A run whose requests end when the test says so. */
class Trial {
  readonly started: string[] = [];
  result: Ended | null = null;
  readonly run: ParallelRun;
  private readonly requests = new Map<number, (well: boolean) => void>();

  constructor(...steps: [worker: boolean, ...after: number[]][]) {
    const plan = steps.map(([worker, ...after]) => ({ worker, after }));
    this.run = new ParallelRun(plan, (place, here, why) => {
      this.started.push(`${place}${here ? ' here' : ''}${why && `: ${why}`}`);
      return new Promise(resolve => this.requests.set(place, resolve));
    });
    void this.run.ended.then(result => {
      this.result = result;
    });
    this.run.go();
  }

  async reply(place: number, well = true): Promise<void> {
    this.requests.get(place)?.(well);
    await new Promise(resolve => setTimeout(resolve));
  }

  async hear(place: number, state: 'done' | 'again' | 'failed', why = ''): Promise<void> {
    this.run.hear({ place, state, why });
    await new Promise(resolve => setTimeout(resolve));
  }
}

test('a cell starts when those that it waits for have ended', async () => {
  const trial = new Trial([false], [true, 0], [true], [false, 1, 2]);
  expect(trial.started).toEqual(['2', '0 here']);
  await trial.reply(2);
  await trial.reply(0);
  expect(trial.started).toEqual(['2', '0 here', '1']);
  await trial.reply(1);
  await trial.hear(1, 'done');
  expect(trial.started).toHaveLength(3);
  await trial.hear(2, 'done');
  expect(trial.started[3]).toBe('3 here');
  expect(trial.result).toBeNull();
  await trial.reply(3);
  expect(trial.result).toEqual({ failed: null, notRun: [] });
});

test('nothing after a cell that has failed starts; what is before it does', async () => {
  const trial = new Trial([true], [false, 0], [true], [false], [true, 2]);
  await trial.hear(2, 'failed');
  await trial.reply(2);
  await trial.reply(3);
  await trial.hear(0, 'done');
  await trial.reply(0);
  expect(trial.started).toEqual(['0', '2', '3 here', '1 here']);
  await trial.reply(1);
  expect(trial.result).toEqual({ failed: 2, notRun: [4] });
});

test('a cell that a worker could not run is the notebook’s when all before it have ended', async () => {
  const trial = new Trial([true], [true], [true, 0]);
  await trial.hear(1, 'again', 'Why.');
  await trial.reply(1);
  await trial.reply(0);
  await trial.hear(0, 'done');
  expect(trial.started).toEqual(['0', '1', '1 here: Why.']);
  await trial.reply(1);
  expect(trial.started).toEqual(['0', '1', '1 here: Why.', '2']);
});

test('a cell that comes back before its request has ended starts again after that', async () => {
  const trial = new Trial([true], [true, 0]);
  await trial.hear(0, 'again', 'Why.');
  expect(trial.started).toEqual(['0']);
  await trial.reply(0);
  expect(trial.started).toEqual(['0', '0 here: Why.']);
  await trial.reply(0);
  expect(trial.started).toEqual(['0', '0 here: Why.', '1']);
  expect(trial.result).toBeNull();
});

test('news that come before the reply count', async () => {
  const trial = new Trial([true], [true, 0]);
  await trial.hear(0, 'done');
  expect(trial.started).toEqual(['0', '1']);
  await trial.reply(0);
  await trial.reply(1);
  await trial.hear(1, 'done');
  expect(trial.result).toEqual({ failed: null, notRun: [] });
});

test('a request that fails is the end of what comes after it', async () => {
  const trial = new Trial([true], [true, 0], [false, 0]);
  await trial.reply(0, false);
  expect(trial.result).toEqual({ failed: 0, notRun: [1, 2] });
  await trial.hear(0, 'done');
  expect(trial.started).toEqual(['0']);
});

test('a run whose kernel is gone ends', async () => {
  const trial = new Trial([true], [true, 0]);
  await trial.reply(0);
  trial.run.abandon();
  await trial.reply(0);
  expect(trial.result).toEqual({ failed: null, notRun: [1] });
});

test('only valid plans and news are read', () => {
  const step = { worker: true, after: [] };
  expect(planOf({ run: 'r', plan: [step, { worker: false, after: [0], why: '' }] })).not.toBeNull();
  for (const plan of [null, 3, [3], [{ worker: 1, after: [] }], [{ worker: true, after: [0] }]]) {
    expect(planOf({ run: 'r', plan })).toBeNull();
  }
  expect(planOf({ run: 1, plan: [step] })).toBeNull();
  expect(newsOf({ place: 0, state: 'done', why: '' })).not.toBeNull();
  for (const news of [null, {}, { place: 0, state: 'x', why: '' }, { place: 'a', state: 'done' }]) {
    expect(newsOf(news)).toBeNull();
  }
});
