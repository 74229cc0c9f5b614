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
  guard(['@jupyterlite/services'], '4.6.4');
  containers['jupyterlite-pool'].init(scope);
  expect(told).toEqual([scope]);
  return (await containers['jupyterlite-pool'].get('./extension'))();
}

test.each(['4.6.0', '4.6.9', '4.10.1', '5.0.0-alpha.1'])(
  'JupyterLab %s gets the labextension',
  async version => {
    const scope = { '@jupyterlite/services': {}, '@jupyterlab/application': { [version]: {} } };
    expect(await got(scope)).toBe('the labextension');
  }
);

test.each([
  ['is older', { '@jupyterlite/services': {}, '@jupyterlab/application': { '4.5.9': {} } }],
  ['lacks a package', { '@jupyterlab/application': { '4.6.4': {} } }],
  ['has nothing', {}]
])('an application that %s gets an empty one', async (_, scope) => {
  expect(await got(scope)).toMatchObject({ default: [] });
});
