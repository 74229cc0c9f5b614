/**
 * The entry point of a pool worker. Nobody imports it: a host starts it by its URL.
 *
 * The first message hands over two private ports. The worker hears no other message on its global
 * channel, so that no code in the worker can send it a message in the name of the pool.
 */
import * as Comlink from 'comlink';

import { holdForLife, onHello } from '../alive';
import { PROTOCOL_VERSION } from '../protocol';
import type {
  BootOptions,
  BootReport,
  ConnectMessage,
  StartFrame,
  WorkerControl
} from '../protocol';
import { loadRuntime, preload } from './boot';
import { mountDrive } from './drive';
import type { Pyodide } from './pyodide';
import { StopSign } from './stopSign';
import { TaskLoop } from './tasks';

function connect({ control, tasks, lock }: ConnectMessage): void {
  let python: Pyodide | null = null;
  const say = (frame: StartFrame): void => tasks.postMessage(frame);
  const held = holdForLife(lock);
  let lay: WorkerControl['lay'] = () => undefined;
  const coming = new Promise<WebAssembly.Module | null>(resolve => (lay = resolve));

  const served: WorkerControl = {
    preload,
    lay,
    async boot(options: BootOptions): Promise<BootReport> {
      const started = performance.now();
      const loading = held.then(() => say({ kind: 'phase', phase: 'loading' }));
      const onSnapshot = (snapshot: Blob | null): void => say({ kind: 'snapshot', snapshot });
      const runtime = await loadRuntime(options, coming, onSnapshot);
      await loading;
      python = runtime.python;
      // Nothing stops the calls of a web page.
      const { runner: stoppable, stopSigns } = options;
      const stopSign = stoppable && stopSigns ? new StopSign(python, stopSigns) : null;
      const loop = new TaskLoop(python, tasks, stopSign);
      const large = (bytes: number): void => loop.noteLargeFile(bytes);
      const drive =
        options.drive !== null && mountDrive(python, options.drive, options.turns, { large });
      if (options.packages.length > 0) {
        say({ kind: 'phase', phase: 'packages' });
        await python.loadPackage(options.packages, { messageCallback: () => undefined });
      }
      if (options.runner) {
        const { runner: module, id: worker, pid } = options;
        loop.connectRunner({ module, worker, pid, drive });
      }
      if (options.code) {
        say({ kind: 'phase', phase: 'code' });
        await python.runPythonAsync(options.code);
      }
      loop.start();
      say({ kind: 'phase', phase: 'ready' });
      return {
        protocol: PROTOCOL_VERSION,
        pyodide: python.version,
        restored: runtime.restored,
        took: performance.now() - started,
        memory: python._module.HEAP8.length
      };
    },
    memory: () => python?._module.HEAP8.length ?? 0
  };
  Comlink.expose(served, control);
}

onHello(connect);
