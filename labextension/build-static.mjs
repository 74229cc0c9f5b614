/**
 * Bundle what runs outside of JupyterLab's own build: the pool's core, the worker's entry point, and
 * what packs snapshots, for the site's build.
 */
import { build } from 'esbuild';

await build({
  entryPoints: {
    pool: 'src/pool/index.ts',
    worker: 'src/worker/main.ts',
    snapshot: 'src/worker/snapshot.ts'
  },
  outdir: '../jupyterlite_pool/static',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning'
});
