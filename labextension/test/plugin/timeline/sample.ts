/** Recordings for tests, and words in English. */
import { KIND, Recording, STATE } from '../../../src/plugin/timeline/data';
import type { Words } from '../../../src/plugin/timeline/texts';

/** Words without a translation. */
export const trans: Words = {
  __: (text, ...values) => filled(text, values),
  _n: (one, many, count, ...values: unknown[]) =>
    filled(count === 1 ? one : many, [count, ...values]),
  _p: (_, text, ...values) => filled(text, values)
};

function filled(text: string, values: readonly unknown[]): string {
  return text.replace(/%(\d)/g, (_, place: string) => String(values[Number(place) - 1]));
}

/**
 * Two workers: 0 runs items 0 (done), 1 (failed) and a third one now; 1 starts, is prepared, and
 * runs item 2, which is cancelled.
 */
export function sample(): Recording {
  const recording = new Recording();
  const f = recording.workOf(3, 'f');
  const g = recording.workOf(4, 'g');
  const { item, starting, preparing } = KIND;
  const { done, failed, cancelled } = STATE;
  recording.track(0).add(0, 2, item, done, f, 0);
  recording.track(0).add(2, 5, item, failed, f, 1);
  recording.track(1).add(0, 1, starting, done, 0, 0);
  recording.track(1).add(1, 2, preparing, done, 0, 0);
  recording.track(1).add(3, 6, item, cancelled, g, 2);
  recording.running = [
    {
      worker: 0,
      begin: 6,
      end: 8,
      kind: item,
      state: STATE.running,
      work: recording.works[0] ?? null,
      item: 7
    }
  ];
  recording.now = 8;
  recording.lives.set(0, { ready: 0, ended: null });
  recording.lives.set(1, { ready: 1, ended: 6 });
  return recording;
}

/** So many items of equal length, one behind the other, on some workers. */
export function many(count: number, workers = 4, seconds = 0.001): Recording {
  const recording = new Recording(Infinity);
  const work = recording.workOf(1, 'tiny');
  for (let i = 0; i < count; i++) {
    const begin = Math.floor(i / workers) * seconds;
    const state = i % 1000 === 999 ? STATE.failed : STATE.done;
    recording.track(i % workers).add(begin, begin + seconds, KIND.item, state, work, i);
  }
  recording.now = (count / workers) * seconds;
  for (let worker = 0; worker < workers; worker++) {
    recording.lives.set(worker, { ready: 0, ended: null });
  }
  return recording;
}
