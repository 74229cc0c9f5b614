import { expect, test } from 'vitest';

import { welcome } from '../../../src/plugin/kernels/welcome';
import { DEFAULTS, forKernel, NEVER } from '../../../src/plugin/settings';

const ASKING = {
  script: 'https://a.test/interrupt.js',
  url: 'https://a.test/api/drive',
  served: true,
  name: 'secret',
  control: 'blob:c',
  seals: ['blob:1']
};

test('a kernel gets its settings in a literal of Python', () => {
  const told = forKernel(DEFAULTS, true);
  const code = welcome(told, null, ASKING);
  const literalOf = (name: string): unknown => {
    const literal = new RegExp(`${name} = (".*")$`, 'm').exec(code)?.[1];
    return JSON.parse(JSON.parse(literal ?? '') as string);
  };
  // A wheel takes exactly these, or none.
  expect(literalOf('jupyterlitePoolPage')).toEqual({
    prewarm: true,
    maxWorkers: null,
    progressAfter: 0.5,
    widgets: true
  });
  expect(literalOf('jupyterlitePoolOptions')).toEqual({
    idleTimeout: null,
    maxWorkerMemory: null,
    preloadPackages: [],
    streamOutput: true,
    outputLimitLines: 1000,
    cards: true
  });
});

test('no seconds mean no cards', () => {
  const { settings } = forKernel({ ...DEFAULTS, progressAfter: null }, true);
  expect(settings.progressAfter).toBe(NEVER);
});

test('a kernel imports nothing if prewarm is off', () => {
  expect(welcome(forKernel(DEFAULTS, true), null, ASKING)).toContain('if True and find_spec');
  expect(welcome(forKernel({ ...DEFAULTS, prewarm: false }, true), null, ASKING)).toContain(
    'if False and'
  );
});

test('a kernel gets the name of its drive, if the page serves one', () => {
  const told = forKernel(DEFAULTS, true);
  expect(welcome(told, 'a"b', ASKING)).toContain('js.jupyterlitePoolDrive = "a\\"b"\n');
  expect(welcome(told, null, ASKING)).not.toContain('jupyterlitePoolDrive');
});

test('a kernel is told where to ask whether it is to stop', () => {
  const code = welcome(forKernel(DEFAULTS, true), null, { ...ASKING, name: 'a"b' });
  const literal = /place = js.JSON.parse\((".*")\)$/m.exec(code)?.[1];
  const { script, ...place } = { ...ASKING, name: 'a"b' };
  expect(JSON.parse(JSON.parse(literal ?? '') as string)).toEqual(place);
  expect(code).toContain(`(${JSON.stringify(script)})`);
});
