import { expect, test, vi } from 'vitest';

import { Asker, type World } from '../../src/interrupt/asker';
import type { Answer, Question } from '../../src/interrupt/exchange';
import { Sealed } from '../../src/interrupt/sealed';

/** What the test sets on the clock of the page. */
const DATE = 1_000_000;

/**
 * A world whose clock the test turns, whose page answers what the test says, and whose seals the test
 * breaks; `seals: false` where the browser shows none.
 */
function makeWorld({ seals = true, served = true } = {}) {
  let now = 0;
  let turned: (() => void) | null = null;
  const broken = new Set<string>();
  const ask = vi.fn<(question: Question, patience: number) => Answer>(() => ({ wish: 0 }));
  const look = vi.fn((seal: string) => seals && !broken.has(seal));
  const tell = vi.fn();
  const steps = vi.fn();
  const names = ['1', '2', '3', '4'];
  const last = vi.fn<() => number | null>(() => null);
  const world: World = {
    now: () => now,
    date: () => DATE + now,
    later: action => {
      turned = action;
    },
    steps,
    sealed: new Sealed('control', names, look),
    shared: { last },
    ask,
    tell
  };
  const asker = new Asker(world, served);
  /** Python looks at a time. */
  const lookAt = (time: number): number => {
    now = time;
    return asker.look();
  };
  return {
    asker,
    lookAt,
    at: (time: number) => {
      now = time;
    },
    turn: () => turned?.(),
    wish: (number: number) => broken.add(String(number)),
    look,
    last,
    ask,
    tell,
    steps
  };
}

/** The numbers of a fake answer that takes its time. */
function takes(made: ReturnType<typeof makeWorld>, cost: number): void {
  let clock = 600;
  made.look.mockImplementation(() => {
    clock += cost;
    made.at(clock);
    return true;
  });
}

test('seals are looked at only where Python has computed for a while', () => {
  const { lookAt, turn, look } = makeWorld();
  for (const time of [0, 300, 599]) {
    expect(lookAt(time)).toBe(0);
  }
  turn(); // the cell has waited for something
  for (const time of [601, 1100, 1200]) {
    expect(lookAt(time)).toBe(0);
  }
  expect(look).not.toHaveBeenCalled();
  expect(lookAt(1211)).toBe(0);
  expect(look).toHaveBeenCalledExactlyOnceWith('1');
});

test('a wish to a cell that was seen without one is a signal, and nobody is asked', () => {
  const { asker, lookAt, wish, ask, tell } = makeWorld();
  asker.cellBegins();
  lookAt(0);
  expect(lookAt(700)).toBe(0);
  wish(1);
  wish(2);
  expect(lookAt(1500)).toBe(2);
  expect(ask).not.toHaveBeenCalled();
  expect(tell.mock.calls).toEqual([[0], [2]]); // it can hear, and it has heard
  expect(lookAt(2500)).toBe(0); // a signal once
  expect(asker.take(1, DATE + 1400)).toBe(false); // the words come as well, later
  expect(asker.take(2, DATE + 1400)).toBe(false);
  expect(asker.take(3, DATE + 1400)).toBe(true);
});

test('the page is asked when a wish was made that may be from before the cell', () => {
  for (const meant of [1, 0]) {
    const { asker, lookAt, wish, ask } = makeWorld();
    wish(1);
    asker.cellBegins();
    lookAt(0);
    ask.mockReturnValue({ wish: meant });
    expect(lookAt(700)).toBe(meant && 2);
    expect(ask).toHaveBeenLastCalledWith({ heard: 0, since: DATE }, expect.any(Number));
  }
});

test('where no page answers, a cell begins with a look at seals', () => {
  const { asker, lookAt, at, wish, ask } = makeWorld({ served: false });
  wish(1); // while no cell ran
  asker.cellBegins();
  lookAt(0);
  expect(lookAt(700)).toBe(0);
  wish(2); // while this one runs
  expect(lookAt(1500)).toBe(2);
  asker.cellEnds();
  wish(3);
  at(2000);
  asker.cellBegins();
  expect(lookAt(2900)).toBe(0);
  wish(4);
  expect(lookAt(3800)).toBe(2);
  expect(ask).not.toHaveBeenCalled();
});

test('a page that stops answering costs one wish at most', () => {
  const { asker, lookAt, at, wish, ask } = makeWorld();
  ask.mockImplementation(() => {
    throw new Error('nobody is there');
  });
  wish(1);
  asker.cellBegins();
  lookAt(0);
  expect(lookAt(700)).toBe(0); // it may be from before the cell
  wish(2);
  expect(lookAt(1500)).toBe(2);
  at(1600);
  asker.cellEnds();
  asker.cellBegins();
  lookAt(1600);
  wish(3); // within a moment
  expect(lookAt(2300)).toBe(2);
  expect(ask).toHaveBeenCalledTimes(1);
});

test('where seals cannot be seen, or are used up, the page is asked', () => {
  const blind = makeWorld({ seals: false });
  const used = makeWorld();
  [1, 2, 3, 4].forEach(used.wish);
  expect(used.asker.take(4, DATE)).toBe(true);
  for (const { lookAt, ask } of [blind, used]) {
    ask.mockReturnValue({ wish: 7 });
    lookAt(0);
    expect(lookAt(700)).toBe(2);
  }
  expect(blind.look.mock.calls).toEqual([['1'], ['control']]);
  blind.lookAt(1500);
  expect(blind.look).toHaveBeenCalledTimes(2); // it is not tried again
});

test('looks at seals take one part in two hundred of the time, within limits', () => {
  for (const [cost, pause] of [
    [1, 250],
    [2, 400],
    [60, 700]
  ] as const) {
    const made = makeWorld();
    takes(made, cost);
    expect(made.lookAt(0)).toBe(0);
    made.lookAt(600);
    expect(made.look).toHaveBeenCalledTimes(1);
    made.lookAt(600 + cost + pause - 1);
    expect(made.look).toHaveBeenCalledTimes(1);
    made.lookAt(600 + cost + pause + 10);
    expect(made.look).toHaveBeenCalledTimes(2);
  }
});

test('a page that does not answer is left alone for a while', () => {
  const { lookAt, turn, ask } = makeWorld({ seals: false });
  ask.mockImplementation(() => {
    throw new Error('nobody is there');
  });
  for (const time of [0, 600, 1589]) {
    expect(lookAt(time)).toBe(0);
  }
  expect(ask).toHaveBeenCalledTimes(1);
  lookAt(1600);
  expect(ask).toHaveBeenCalledTimes(2);
  lookAt(3589); // twice as long
  turn(); // a pause of the cell changes nothing
  lookAt(3600);
  lookAt(4189);
  expect(ask).toHaveBeenCalledTimes(2);
  lookAt(4200);
  expect(ask).toHaveBeenCalledTimes(3);
});

test('a clock of the page that is set back changes nothing', () => {
  const made = makeWorld();
  let date = 5_000_000;
  const world = { ...made.asker['world'], date: () => date };
  const asker = new Asker(world, true);
  asker.look();
  date -= 3_600_000;
  made.at(700);
  asker.look();
  expect(made.look).toHaveBeenCalledTimes(1);
});

test('Python looks soon when a cell begins, and then as often as its steps are slow', () => {
  const { asker, lookAt, turn, steps } = makeWorld();
  asker.cellBegins();
  expect(steps).toHaveBeenLastCalledWith(1);
  [0, 0, 0, 0, 0].forEach(lookAt);
  expect(steps).toHaveBeenLastCalledWith(200);
  turn();
  expect(steps).toHaveBeenLastCalledWith(1);
});

test('a wish that comes by the event loop is for the cell that runs, not for the next', () => {
  const { asker, at } = makeWorld();
  at(100);
  asker.cellBegins();
  at(200);
  asker.cellEnds();
  expect(asker.take(1, DATE + 150)).toBe(false); // that cell has ended
  at(300);
  asker.cellBegins();
  expect(asker.take(2, DATE + 250)).toBe(false);
  expect(asker.take(3, DATE + 350)).toBe(true);
  asker.cellEnds();
  at(400);
  expect(asker.take(4, DATE + 380)).toBe(true); // nothing runs, but jobs may
});

test('a wish that was put off comes again', () => {
  const { asker, lookAt, wish } = makeWorld();
  asker.cellBegins();
  lookAt(0);
  lookAt(700);
  wish(1);
  expect(lookAt(1500)).toBe(2);
  expect(asker.putOff()).toBe(1);
  expect(lookAt(1519)).toBe(0);
  expect(lookAt(1530)).toBe(2);
  expect(asker.putOff()).toBe(2);
  expect(asker.take(1, DATE + 1400)).toBe(true);
});

test('a wish that was put off is told soon, though the cell waits for a moment now and then', () => {
  const { asker, at, lookAt, turn, wish } = makeWorld();
  asker.cellBegins();
  lookAt(0);
  lookAt(700);
  at(900);
  wish(1);
  turn();
  expect(asker.take(1, DATE + 900)).toBe(true); // the word has come first
  asker.putOff(); // but nothing of the cell waits
  expect(lookAt(1200)).toBe(2);
  expect(lookAt(1900)).toBe(0); // a signal once
});

test('where memory is shared, a wish is heard at once, and seals are seldom looked at', () => {
  const { asker, lookAt, look, last, ask } = makeWorld();
  last.mockReturnValue(0);
  asker.cellBegins();
  lookAt(0);
  lookAt(600); // once, for wishes from before the ear listened
  const looks = look.mock.calls.length;
  lookAt(5000);
  expect(look.mock.calls.length).toBe(looks);
  last.mockReturnValue(1); // its seal is seen as whole for a moment longer
  ask.mockReturnValue({ wish: 1 });
  expect(lookAt(5020)).toBe(2);
  expect(lookAt(5040)).toBe(0);
});

test('a wish of shared memory that is for another cell is asked about once', () => {
  const { asker, lookAt, wish, last, ask, at } = makeWorld();
  last.mockReturnValue(0);
  at(1000);
  asker.cellBegins();
  wish(1);
  last.mockReturnValue(1);
  lookAt(1020);
  lookAt(1040);
  lookAt(1060);
  expect(ask.mock.calls.length).toBeLessThanOrEqual(1);
});
