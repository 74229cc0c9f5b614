import { expect, test } from 'vitest';

import { checkSize, defaultSize, workerCap } from '../../src/pool/size';

test.each([
  [undefined, 8],
  [8, 16],
  [2, 4],
  [0.5, 1],
  [0.25, 1]
])('with %s GB there are at most %i workers', (deviceMemory, cap) => {
  expect(workerCap(deviceMemory === undefined ? {} : { deviceMemory })).toBe(cap);
});

test.each([
  [{ hardwareConcurrency: 4, deviceMemory: 8 }, 4],
  [{ hardwareConcurrency: 4, deviceMemory: 1 }, 2],
  [{ hardwareConcurrency: 64 }, 8],
  [{ hardwareConcurrency: 0 }, 1],
  [{ deviceMemory: 8 }, 1]
])('%j gives %i workers', (hints, size) => {
  expect(defaultSize(hints)).toBe(size);
});

test.each([0, -1, 1.5, NaN])('%s is not a valid size', size => {
  expect(() => checkSize(size)).toThrow(RangeError);
});

test('a whole number is a valid size', () => {
  expect(checkSize(3)).toBe(3);
});
