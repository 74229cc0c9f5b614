import { Script } from 'node:vm';

import { expect, test } from 'vitest';

import { htmlOf } from '../../../src/plugin/timeline/html';
import { svgOf } from '../../../src/plugin/timeline/svg';
import { eventsOf, traceOf } from '../../../src/plugin/timeline/trace';
import { many, sample, trans } from './sample';

test('a picture has a row for each worker and a title for each bar', () => {
  const recording = sample();
  const svg = svgOf(recording, recording.whole, trans);
  const titles = [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, title]) => title);
  expect(titles).toHaveLength(1 + 6);
  expect(titles).toContain('Item 1 of f (job 3) failed on worker 0 after 3 s');
  expect(svg).toContain('>worker 0</text>');
  expect(svg).toContain('>worker 1</text>');
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" role="img" aria-label="W/);
});

test('what failed, was cancelled, starts or is prepared has another form, not colour alone', () => {
  const recording = sample();
  const svg = svgOf(recording, recording.whole, trans);
  const bars = svg.match(/<g data-b=.*?<\/g>/g) ?? [];
  const [done, failed, running, starting, preparing, cancelled] = bars;
  expect(done).not.toContain('<path');
  expect(failed).toContain('<path');
  expect(running).toContain('stroke-dasharray="2 2"');
  expect(starting).toContain('url(#starting)');
  expect(preparing).toContain('url(#preparing)');
  expect(cancelled).toContain('url(#cancelled-1)');
  for (const id of ['starting', 'preparing', 'cancelled-1', 'room']) {
    expect(svg).toContain(`id="${id}"`);
  }
});

test('a picture of many items stays small, and needs nothing from elsewhere', () => {
  const recording = many(100_000);
  const svg = svgOf(recording, recording.whole, trans);
  expect(svg.length).toBeLessThan(2_000_000);
  const addresses = svg.match(/(href|src|url)\s*[=(]\s*["']?[^#"')]/g);
  expect(addresses).toBeNull();
});

test('names that users choose are text in every file', () => {
  const recording = sample();
  recording.track(0).add(6, 7, 0, 1, recording.workOf(9, '<img onerror=x>'), 0);
  for (const file of [svgOf, htmlOf]) {
    const text = file(recording, recording.whole, trans);
    expect(text).not.toContain('<img');
    expect(text).toContain('&lt;img onerror=x&gt;');
  }
  expect(JSON.parse(traceOf(recording, trans))).toBeTruthy();
});

test('a page stands alone', () => {
  const recording = sample();
  const html = htmlOf(recording, recording.whole, trans);
  expect(html).toMatch(/^<!DOCTYPE html>\n<html lang="en-US">/);
  expect(html.match(/<script>/g)).toHaveLength(1);
  const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? '';
  expect(() => new Script(script)).not.toThrow();
});

test('trace events have what the format asks for', () => {
  const events = eventsOf(sample(), trans);
  const names = events.filter(({ ph }) => ph === 'M');
  expect(names.map(({ name, tid, args }) => [name, tid, args['name']])).toEqual([
    ['process_name', 0, 'Worker pool'],
    ['thread_name', 2, 'worker 0'],
    ['thread_name', 3, 'worker 1']
  ]);
  const bars = events.filter(({ ph }) => ph === 'X');
  expect(bars).toHaveLength(6);
  for (const { ts, dur, pid, tid } of bars) {
    for (const number of [ts, dur, pid, tid]) {
      expect(number).toSatisfy(Number.isInteger);
      expect(number).toBeGreaterThanOrEqual(0);
    }
  }
  expect(bars[1]).toEqual({
    name: 'f',
    cat: 'item,failed',
    ph: 'X',
    ts: 2_000_000,
    dur: 3_000_000,
    pid: 1,
    tid: 2,
    args: { item: 1, job: 3, state: 'failed' }
  });
  expect(bars.map(({ name }) => name)).toEqual(['f', 'f', 'f', 'starting', 'preparing', 'g']);
  const counts = events.filter(({ ph }) => ph === 'C');
  expect(counts.map(({ ts, args }) => [ts, args['workers']])).toEqual([
    [0, 1],
    [1_000_000, 2],
    [6_000_000, 1]
  ]);
  const file = JSON.parse(traceOf(sample(), trans)) as Record<string, unknown>;
  expect(Object.keys(file)).toEqual(['traceEvents', 'displayTimeUnit']);
  expect(file['traceEvents']).toEqual(JSON.parse(JSON.stringify(events)));
});
