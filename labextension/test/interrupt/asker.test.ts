import { expect, test, vi } from 'vitest';

import { Asker, type World } from '../../src/interrupt/asker';
import type { Answer, Question } from '../../src/interrupt/exchange';

/** A world whose clock the test turns, and whose page answers what the test says. */
function makeWorld(): {
  world: World;
  at: (time: number) => void;
  turn: () => void;
  ask: ReturnType<typeof vi.fn<(question: Question, patience: number) => Answer>>;
} {
  let now = 0;
  let turned: (() => void) | null = null;
  const ask = vi.fn<(question: Question, patience: number) => Answer>(() => ({ wish: 0 }));
  const world: World = {
    now: () => now,
    date: () => 1_000_000 + now,
    later: action => {
      turned = action;
    },
    ask
  };
  return {
    world,
    at: time => {
      now = time;
    },
    turn: () => turned?.(),
    ask
  };
}

test('the page is asked only where Python has computed for a while', () => {
  const { world, at, turn, ask } = makeWorld();
  const { buffer } = new Asker(world);
  for (const time of [0, 300, 599]) {
    at(time);
    expect(buffer[0]).toBe(0);
  }
  turn(); // the cell has waited for something
  for (const time of [601, 1100, 1200]) {
    at(time);
    expect(buffer[0]).toBe(0);
  }
  expect(ask).not.toHaveBeenCalled();
  at(1201);
  expect(buffer[0]).toBe(0);
  expect(ask).toHaveBeenCalledOnce();
});

/** An asker whose Python computes in a cell, and was told of wish 1. */
function toldToStop(): { asker: Asker } & ReturnType<typeof makeWorld> {
  const made = makeWorld();
  const asker = new Asker(made.world);
  asker.cellBegins();
  expect(asker.buffer[0]).toBe(0);
  made.ask.mockReturnValue({ wish: 1 });
  made.at(1000);
  expect(asker.buffer[0]).toBe(2);
  return { asker, ...made };
}

test('a wish is a signal once', () => {
  const { asker, at, ask } = toldToStop();
  asker.buffer[0] = 0; // as Python does
  at(5000);
  expect(asker.buffer[0]).toBe(0);
  expect(ask).toHaveBeenLastCalledWith({ heard: 1, since: 1_000_000 }, expect.any(Number));
  expect(asker.take(1, 1_000_900)).toBe(false);
  expect(asker.take(2, 1_000_900)).toBe(true);
});

test('questions take one part in a hundred of the time, within limits', () => {
  for (const [cost, pause] of [
    [1, 250],
    [4, 400],
    [60, 700]
  ] as const) {
    const { world, at, ask } = makeWorld();
    const { buffer } = new Asker(world);
    let clock = 600;
    ask.mockImplementation(() => {
      clock += cost;
      at(clock);
      return { wish: 0 };
    });
    expect(buffer[0]).toBe(0);
    at(clock);
    expect(buffer[0]).toBe(0);
    at(clock + pause - 1);
    expect(buffer[0]).toBe(0);
    expect(ask).toHaveBeenCalledTimes(1);
    clock += pause;
    at(clock);
    expect(buffer[0]).toBe(0);
    expect(ask).toHaveBeenCalledTimes(2);
  }
});

test('a page that does not answer is left alone for a while', () => {
  const { world, at, turn, ask } = makeWorld();
  const { buffer } = new Asker(world);
  ask.mockImplementation(() => {
    throw new Error('nobody is there');
  });
  expect(buffer[0]).toBe(0);
  for (const time of [600, 1599]) {
    at(time);
    expect(buffer[0]).toBe(0);
  }
  expect(ask).toHaveBeenCalledTimes(1);
  at(1600);
  expect(buffer[0]).toBe(0);
  expect(ask).toHaveBeenCalledTimes(2);
  at(3599); // twice as long
  expect(buffer[0]).toBe(0);
  turn(); // a pause of the cell changes nothing
  at(3600);
  expect(buffer[0]).toBe(0);
  at(4199);
  expect(buffer[0]).toBe(0);
  expect(ask).toHaveBeenCalledTimes(2);
  at(4200);
  expect(buffer[0]).toBe(0);
  expect(ask).toHaveBeenCalledTimes(3);
});

test('a wish that comes by the event loop is for the cell that runs, not for the next', () => {
  const { world, at } = makeWorld();
  const asker = new Asker(world);
  at(100);
  asker.cellBegins();
  at(200);
  asker.cellEnds();
  expect(asker.take(1, 1_000_150)).toBe(false); // that cell has ended
  at(300);
  asker.cellBegins();
  expect(asker.take(2, 1_000_250)).toBe(false);
  expect(asker.take(3, 1_000_350)).toBe(true);
  asker.cellEnds();
  at(400);
  expect(asker.take(4, 1_000_380)).toBe(true); // nothing runs, but jobs may
});

test('a wish that was put off comes again', () => {
  const { asker, at } = toldToStop();
  expect(asker.putOff()).toBe(1);
  at(1019);
  expect(asker.buffer[0]).toBe(0);
  at(1020);
  expect(asker.buffer[0]).toBe(2);
  expect(asker.putOff()).toBe(2);
  expect(asker.take(1, 1_000_500)).toBe(true);
});
