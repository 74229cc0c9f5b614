import { expect, test } from 'vitest';

import { breakSeal, makeSeal } from '../../src/interrupt/seal';
import { Sealed } from '../../src/interrupt/sealed';
import { resolveObjectURL } from 'node:buffer';

/** As a browser sees it; Node has no synchronous request. */
const isWhole = (seal: string): boolean => resolveObjectURL(seal) !== undefined;

test('the seals tell which wish was the last', () => {
  const seals = [makeSeal(), makeSeal(), makeSeal()];
  const sealed = new Sealed(makeSeal(), [...seals], isWhole);
  expect(sealed.last(0)).toBe(0);
  breakSeal(seals[0] ?? '');
  expect(sealed.last(0)).toBe(1);
  breakSeal(seals[1] ?? '');
  expect(sealed.last(0)).toBe(2);
  expect(sealed.last(2)).toBe(2);
});

test('seals that were used up are told of by none, until there are more', () => {
  const seal = makeSeal();
  const sealed = new Sealed(makeSeal(), [seal], isWhole);
  breakSeal(seal);
  expect(sealed.last(0)).toBe(1);
  expect(sealed.last(1)).toBeNull();
  sealed.add(2, [makeSeal()]);
  expect(sealed.last(1)).toBe(1);
});

test('a browser that shows no seal breaks none', () => {
  const sealed = new Sealed(makeSeal(), [makeSeal()], () => false);
  expect(sealed.last(0)).toBeNull();
});
