import { readFileSync } from 'node:fs';

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import { DEFAULTS, forLab } from '../../src/plugin/settings';

const schema = JSON.parse(
  readFileSync(new URL('../../schema/plugin.json', import.meta.url), 'utf-8')
) as ISettingRegistry.ISchema;

test('JupyterLab has the settings that its kernels obey, with what they mean there', () => {
  const before = structuredClone(schema);
  const { properties = {}, ...rest } = forLab(schema, nullTranslator.load(''));
  const missing = Object.keys(DEFAULTS).filter(name => !(name in properties));
  expect(missing.sort()).toEqual(['interrupt', 'preloadPackages', 'prewarm']);
  for (const [name, property] of Object.entries(properties)) {
    const { description, ...more } = before.properties?.[name] ?? {};
    expect(property).toMatchObject(more);
    const own = ['maxWorkers', 'maxWorkerMemory'].includes(name);
    expect(property.description === description).toBe(!own);
  }
  expect({ ...rest, properties: before.properties }).toEqual(before);
  expect(schema).toEqual(before); // the registry keeps it
});
