/**
 * A web worker with a Pyodide of any release and the bare wheel: what a kernel is, without Jupyter.
 *
 * The first message names the Pyodide and the wheels; each further one is code, whose value or error
 * comes back.
 */
let python;

async function start({ pyodideUrl, wheels }) {
  const { loadPyodide } = await import(pyodideUrl);
  python = await loadPyodide({ indexURL: new URL('./', pyodideUrl).href });
  await install(wheels);
}

async function install(wheels) {
  const extractDir = python.runPython('import sysconfig; sysconfig.get_path("purelib")');
  for (const wheel of wheels) {
    const response = await fetch(wheel);
    python.unpackArchive(await response.arrayBuffer(), 'wheel', { extractDir });
  }
  python.runPython('import importlib; importlib.invalidate_caches()');
}

async function run(code) {
  const value = await python.runPythonAsync(code);
  return value === undefined || typeof value !== 'object' ? value : String(value);
}

self.onmessage = async ({ data }) => {
  try {
    const { pyodideUrl, wheels, code } = data;
    const value = pyodideUrl ? await start(data) : wheels ? await install(wheels) : await run(code);
    self.postMessage({ value });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
};
