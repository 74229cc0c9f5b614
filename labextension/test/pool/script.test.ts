import { expect, test } from 'vitest';

import { scriptOf } from '../../src/pool/script';

const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/26.0 Safari/605.1.15';
const CHROME_ON_IOS =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 ' +
  '(KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1';
const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 ' +
  'Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

const SCRIPT = 'https://some.site/static/worker.js';

test.each([SAFARI, CHROME_ON_IOS])('in WebKit, workers share no script: %s', browser => {
  const scripts = [0, 1, 2].map(worker => scriptOf(SCRIPT, worker, browser));
  expect(scripts).toEqual([0, 1, 2].map(worker => `${SCRIPT}?worker=${worker}`));
});

test('what a URL has to say already stays', () => {
  expect(scriptOf(`${SCRIPT}?v=2`, 1, SAFARI)).toBe(`${SCRIPT}?v=2&worker=1`);
});

test.each([CHROME, FIREFOX, ''])('in other browsers they share one: %s', browser => {
  expect(scriptOf(SCRIPT, 1, browser)).toBe(SCRIPT);
});

test('a script from memory stays as it is', () => {
  expect(scriptOf('blob:https://some.site/1234', 1, SAFARI)).toBe('blob:https://some.site/1234');
});
