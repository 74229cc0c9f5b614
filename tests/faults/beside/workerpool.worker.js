/**
 * A worker of npm's workerpool with a Pyodide; the worker's name is the URL of Pyodide. It asks
 * Pyodide for the function at each task, as examples do. A worker that keeps a function instead
 * would go on calling an interpreter that has ended or crashed.
 */
import workerpool from 'workerpool';

const { loadPyodide } = await import(self.name);
const python = await loadPyodide({ stdout: text => workerpool.workerEmit(text) });
python.runPython(await (await fetch('tasks.py')).text());
python.runPython('import pickle\ndef read(view):\n    return pickle.loads(view.to_bytes())');
if (location.search === '?fails') {
  python.runPython('prepare()');
}

/** Convert a value of Python, which no message can hold, into one that can be cloned. */
const toClone = value => value?.toJs?.() ?? value;

workerpool.worker({
  // A coroutine of Python is awaited by JavaScript as a promise is.
  call: async (name, args) => toClone(await python.globals.get('TASKS').get(name)(...args)),
  read: bytes => toClone(python.globals.get('read')(bytes))
});
