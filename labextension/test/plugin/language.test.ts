import { readFileSync } from 'node:fs';

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Gettext, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { beforeAll, expect, test, vi } from 'vitest';

import { DOMAIN, numberText, translated, translateSettings } from '../../src/plugin/language';
import { bytes } from '../../src/plugin/state/figures';
import { progressOf } from '../../src/plugin/state/texts';
import { htmlOf } from '../../src/plugin/timeline/html';
import { timeText } from '../../src/plugin/timeline/view';
import { job } from './state/samples';
import { sample } from './timeline/sample';

/** What a plugin gives a registry. */
type Transforms = Parameters<ISettingRegistry['transform']>[1];

const english = nullTranslator.load('');
let german: TranslationBundle;

/** A file of JSON, by its path from here. */
function json(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf-8'));
}

const schema = (): ISettingRegistry.ISchema =>
  json('../../schema/plugin.json') as ISettingRegistry.ISchema;

beforeAll(() => {
  // JupyterLab's own translations ask the page for its language.
  vi.stubGlobal('document', { documentElement: { getAttribute: () => null } });
  const catalogue = json(
    `../../../jupyterlite_pool/site/locale/de_DE/LC_MESSAGES/${DOMAIN}.json`
  ) as Record<string, Record<string, string>>;
  const about = catalogue[''] ?? {};
  const bundle = new Gettext({ domain: DOMAIN, locale: 'de-DE' });
  bundle.loadJSON(
    { ...catalogue, '': { ...about, pluralForms: about['plural_forms'] ?? '' } } as never,
    DOMAIN
  );
  german = bundle;
});

test('a registry gives the settings in the language of the page', () => {
  let fetch: ISettingRegistry.IPlugin.Transform | undefined;
  const registry = {
    transform: (plugin: string, transforms: Transforms) => {
      expect(plugin).toBe('some:plugin');
      fetch = transforms.fetch;
    }
  };
  translateSettings(registry as unknown as ISettingRegistry, 'some:plugin', german);
  const fetched = { id: 'some:plugin', raw: '{}', schema: schema() } as ISettingRegistry.IPlugin;
  const given = fetch?.(fetched);
  expect(given).toMatchObject({ id: 'some:plugin', raw: '{}', schema: { title: 'Worker-Pool' } });
  expect(fetched.schema).toEqual(schema()); // the registry keeps it for another time
});

test('everything that people read of a schema is translated, and nothing else', () => {
  const now = translated(schema(), german);
  expect(now.properties?.['maxWorkers']).toMatchObject({
    title: 'Anzahl der Worker',
    type: ['integer', 'null'],
    default: null
  });
  expect(now.properties?.['interrupt']?.oneOf).toEqual([
    { const: 'code', title: 'Laufenden Code und seine Jobs' },
    { const: 'jobs', title: 'Nur Jobs' },
    { const: 'nothing', title: 'Keines von beiden' }
  ]);
  expect(now['jupyter.lab.setting-icon-label']).toBe('Worker-Pool');
  expect(now['jupyter.lab.menus']?.main[0]?.items?.[0]?.submenu).toMatchObject({
    id: 'jp-mainmenu-kernel-worker-pool',
    label: 'Worker-Pool'
  });
  const changed = Object.entries(schema().properties ?? {}).filter(
    ([name, { title, description }]) =>
      now.properties?.[name]?.title !== title && now.properties?.[name]?.description !== description
  );
  expect(changed.length).toBe(Object.keys(schema().properties ?? {}).length);
  expect(translated(schema(), english)).toEqual(schema());
  expect(translated(now, german)).toEqual(now); // a server may have done it before
});

test('numbers are written as the words beside them', () => {
  const rate = (value: number, trans: TranslationBundle): string =>
    progressOf(job({ rate: value, done: 1, elapsed: 14 }), trans);
  expect(rate(5210.4, english)).toContain('5,210/s');
  expect(rate(5210.4, german)).toContain('1 von 10 · 5.210/s · 0:14');
  expect(rate(0.25, german)).toContain('4,0 s je Element');
  expect(rate(3.14, german)).toContain('3,1/s');
  expect(bytes(1.5 * 2 ** 30, german)).toBe('1,5 GB');
  expect(timeText(0.01234, german)).toBe('12,3 ms');
  expect(numberText(1234.5, german, 2)).toBe('1.200');
  const recording = sample();
  const page = htmlOf(recording, recording.whole, german);
  expect(page).toContain('<html lang="de-DE">');
  expect(page).toContain('<h1>Zeitachse eines Worker-Pools</h1>');
});

test('one and several are told apart', () => {
  expect(german._n('%1 failed item', '%1 failed items', 1)).toBe('1 fehlgeschlagenes Element');
  expect(german._n('%1 failed item', '%1 failed items', 2)).toBe('2 fehlgeschlagene Elemente');
  expect(progressOf(job({ failed: 1 }), german)).toContain('1 fehlgeschlagen');
});
