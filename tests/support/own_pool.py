"""A pool that a plain page starts from the site's own files."""

from __future__ import annotations

#: Runs one task; gives its value, and whether the worker was restored from the snapshot.
RUN = """async site => {
  const folder = `${site}/extensions/jupyterlite-pool`;
  const about = await (await fetch(`${folder}/pool.json`)).json();
  const { PyodidePool } = await import(`${folder}/${about.pool}`);
  const pool = new PyodidePool(`${folder}/${about.worker}`, 1);
  const { file, ...told } = about.snapshot;
  await pool.init({
    pyodideUrl: `${site}/static/pyodide/pyodide.mjs`,
    snapshot: { ...told, url: `${folder}/${file}` }
  });
  const value = await pool.run('6 * 7');
  const restored = pool.workers[0].restored;
  pool.terminate();
  return [value, restored];
}"""
