/** Our pool, in a page, as `docs/how-to/web-page.md` shows it. */
import { compete, PYTHON } from './page.js';

const CODE = `${PYTHON}

def length(view):
    return len(view)
`;

let pool;

async function start(count, pyodideUrl) {
  const folder = new URL('extensions/jupyterlite-pool', location.href).href;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const { PyodidePool } = await import(`${folder}/${about.pool}`);
  pool = new PyodidePool(`${folder}/${about.worker}`, count);
  const { file, ...told } = about.snapshot;
  const snapshot = { ...told, url: `${folder}/${file}` };
  await pool.init({ pyodideUrl, code: CODE, snapshot });
}

compete({
  start,
  nothing: () => pool.call('nothing'),
  length: view => pool.call('length', [view], { transfer: [view.buffer] })
});
