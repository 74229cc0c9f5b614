import { expect, test } from 'vitest';

import {
  PoolError,
  PoolStartError,
  RemoteError,
  TerminatedWorkerError,
  errorText
} from '../src/errors';

test.each([
  [new TypeError('t'), 'TypeError: t'],
  [new PoolStartError('s'), 'PoolStartError: s'],
  ['a word', 'a word'],
  [null, 'null'],
  [undefined, 'undefined'],
  [{ toString: (): string => 'an object' }, 'an object']
])('the text of %s', (thrown, text) => {
  expect(errorText(thrown)).toBe(text);
});

test('every error is a PoolError with a name of its own', () => {
  const errors = [
    new PoolStartError(''),
    new TerminatedWorkerError('', 'exited'),
    new RemoteError('ValueError', '', '')
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(PoolError);
    expect(error.name).toBe(error.constructor.name);
  }
});
