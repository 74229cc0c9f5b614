/**
 * Bundle what runs outside of JupyterLab's own build: the pool's core for pages, the kernel's side of
 * a pool and its broker, the worker's entry point, what packs snapshots for the site's build, and what lets kernels be
 * interrupted.
 */
import { build } from 'esbuild';

await build({
  entryPoints: {
    pool: 'src/pool/index.ts',
    kernel: 'src/broker/brokeredPool.ts',
    broker: 'src/broker/main.ts',
    worker: 'src/worker/main.ts',
    snapshot: 'src/snapshot.ts',
    interrupt: 'src/interrupt/index.ts',
    ear: 'src/interrupt/ear.ts'
  },
  outdir: '../jupyterlite_pool/static',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning'
});
