import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInThisContext } from 'node:vm';
import { afterEach, expect, test, vi } from 'vitest';

interface Container {
  init(scope: object): void;
  get(module: string): Promise<() => unknown>;
}

const source = readFileSync(resolve(import.meta.dirname, '../stay-away.js'), 'utf8');
const guard = runInThisContext(`(${source.trim().replace(/;$/, '')})`) as (
  needs: string[],
  built: string
) => void;

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What an application with these packages gets of the labextension. */
async function got(scope: object): Promise<unknown> {
  const told: object[] = [];
  const container: Container = {
    init: shared => void told.push(shared),
    get: async () => Promise.resolve(() => 'the labextension')
  };
  const containers = { 'jupyterlite-pool': container };
  vi.stubGlobal('_JUPYTERLAB', containers);
  guard(['@jupyterlite/services', '@jupyterlite/apputils'], '4.6.4');
  containers['jupyterlite-pool'].init(scope);
  expect(told).toEqual([scope]);
  return (await containers['jupyterlite-pool'].get('./extension'))();
}

/** What JupyterLite has beyond JupyterLab. */
const LITE = { '@jupyterlite/services': {}, '@jupyterlite/apputils': {} };

test.each(['4.6.0', '4.6.9', '4.10.1', '5.0.0-alpha.1'])(
  'JupyterLab %s gets the labextension, and so does its JupyterLite',
  async version => {
    const lab = { '@jupyterlab/application': { [version]: {} } };
    expect(await got(lab)).toBe('the labextension');
    expect(await got({ ...LITE, ...lab })).toBe('the labextension');
  }
);

test.each([
  ['JupyterLab that is older', { '@jupyterlab/application': { '4.5.9': {} } }],
  ['JupyterLite that is older', { ...LITE, '@jupyterlab/application': { '4.5.9': {} } }],
  [
    'JupyterLite that lacks a package',
    { '@jupyterlite/services': {}, '@jupyterlab/application': { '4.6.4': {} } }
  ],
  ['thing that has nothing', {}]
])('a %s gets an empty one', async (_, scope) => {
  expect(await got(scope)).toMatchObject({ default: [] });
});
