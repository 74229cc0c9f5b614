import { expect, test } from 'vitest';

import { welcome } from '../../../src/plugin/kernels/welcome';
import { DEFAULTS, forKernel } from '../../../src/plugin/settings';

test('a kernel gets its settings in a literal of Python', () => {
  const told = forKernel(DEFAULTS, true);
  expect(told).not.toHaveProperty('interruptCancelsJobs');
  const literal = /jupyterlitePoolPage = (".*")$/m.exec(welcome(told, null))?.[1];
  expect(JSON.parse(JSON.parse(literal ?? '') as string)).toEqual(told);
});

test('a kernel imports nothing if prewarm is off', () => {
  expect(welcome(forKernel(DEFAULTS, true), null)).toContain('if True and find_spec');
  expect(welcome(forKernel({ ...DEFAULTS, prewarm: false }, true), null)).toContain('if False and');
});

test('a kernel gets the name of its drive, if the page serves one', () => {
  const told = forKernel(DEFAULTS, true);
  expect(welcome(told, 'a"b')).toContain('js.jupyterlitePoolDrive = "a\\"b"\n');
  expect(welcome(told, null)).not.toContain('jupyterlitePoolDrive');
});
