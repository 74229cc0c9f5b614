/**
 * A worker of npm's workerpool with a Pyodide, whose place is its name. It asks Pyodide at each task,
 * as examples do: a worker that keeps a function instead would go on calling an interpreter that
 * has ended or crashed.
 */
import workerpool from 'workerpool';

const { loadPyodide } = await import(self.name);
const python = await loadPyodide();
python.runPython(await (await fetch('tasks.py')).text());
python.runPython('import pickle\ndef read(view):\n    return pickle.loads(view.to_bytes())');

workerpool.worker({
  // A coroutine of Python is awaited by JavaScript as a promise is.
  call: async (name, args) => await python.globals.get('TASKS').get(name)(...args),
  read: bytes => python.globals.get('read')(bytes)
});
