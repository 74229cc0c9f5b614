/** A worker of npm's workerpool with a Pyodide, as its users write them. Its name is where that is. */
import workerpool from 'workerpool';

const { loadPyodide } = await import(self.name);
const python = await loadPyodide();
python.runPython(await (await fetch('tasks.py')).text());
const tasks = python.globals.get('TASKS');
const read = python.runPython('import pickle; lambda view: pickle.loads(view.to_bytes())');

workerpool.worker({
  // A coroutine of Python is awaited by JavaScript as a promise is.
  call: async (name, args) => await tasks.get(name)(...args),
  read: bytes => read(bytes)
});
