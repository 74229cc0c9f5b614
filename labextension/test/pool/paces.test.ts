import { expect, test } from 'vitest';

import { Paces } from '../../src/pool/paces';

test('a kind of call is brief only if one of them was', () => {
  const paces = new Paces();
  expect(paces.isBrief('f')).toBe(false);
  paces.note('f', 0.1);
  expect(paces.isBrief('f')).toBe(true);
  paces.note('g', 20);
  expect(paces.isBrief('g')).toBe(false);
});

test('a call that takes long counts at once, and is forgotten as others are brief', () => {
  const paces = new Paces();
  paces.note('f', 0.1);
  paces.note('f', 30);
  expect(paces.isBrief('f')).toBe(false);
  for (let i = 0; i < 10; i++) {
    paces.note('f', 0.1);
  }
  expect(paces.isBrief('f')).toBe(true);
});

test('the kinds that came first are forgotten, and long ones are never known', () => {
  const paces = new Paces();
  for (let i = 0; i <= 256; i++) {
    paces.note(`f${i}`, 0);
  }
  expect([paces.isBrief('f0'), paces.isBrief('f1'), paces.isBrief('f256')]).toEqual([
    false,
    true,
    true
  ]);
  paces.note('x'.repeat(1001), 0);
  expect(paces.isBrief('x'.repeat(1001))).toBe(false);
});
