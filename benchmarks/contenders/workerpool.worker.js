/** A worker of npm's workerpool. The worker's name is the URL of Pyodide. */
import workerpool from 'workerpool';
import { PYTHON } from './page.js';

const { loadPyodide } = await import(self.name);
const python = await loadPyodide();
python.runPython(PYTHON);
const nothing = python.globals.get('nothing');
const lengthOf = python.runPython('lambda view: len(view.to_bytes())');

workerpool.worker({
  nothing: () => nothing(),
  length: view => lengthOf(view)
});
