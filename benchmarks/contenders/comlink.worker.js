/** A worker of the pool that is written by hand. */
import * as Comlink from 'comlink';
import { PYTHON } from './page.js';

let python;

Comlink.expose({
  async init(pyodideUrl) {
    const { loadPyodide } = await import(pyodideUrl);
    python = await loadPyodide();
    python.runPython(PYTHON);
  },
  run: code => python.runPython(code)
});
