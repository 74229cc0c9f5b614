"""A door to the brokers of a kernel's pools, for tests that do to a pool what only a browser can.

The broker of a pool is a worker of its own, which nothing in the kernel can reach into. Behind the
door it answers questions: JavaScript that is evaluated in the broker, where `pool` is its pool.
"""

from __future__ import annotations

#: The source of `await in_broker(executor, code)` and `tell_broker(executor, code)`, for a kernel.
#: It serves the executors that are made afterwards.
DOOR = '''
import asyncio, inspect, itertools, json, uuid
import js
from pyodide.code import run_js
from pyodide.ffi import create_proxy
from jupyterlite_pool.backends.pyodide import backend as backend_module

_door_of = {}
_door_numbers = itertools.count()
_broker_with_door = run_js("""(url, name) => URL.createObjectURL(new Blob([`
  import * as own from '${url}';
  const door = new BroadcastChannel('${name}');
  door.onmessage = async ({ data: { question, code } }) => {
    const pool = own.broker.pool;
    if (code === undefined) return;
    let answer;
    try {
      answer = { value: await eval(code) };
    } catch (error) {
      answer = { error: String(error) };
    }
    door.postMessage({ question, text: JSON.stringify(answer) });
  };
`], { type: 'text/javascript' }))""")
_find_files = getattr(backend_module.find_files, "without_door", backend_module.find_files)

async def _find_files_and_door():
    backend = inspect.currentframe().f_back.f_locals["self"]
    name = _door_of[id(backend)] = f"door {uuid.uuid4()}"
    files = await _find_files()
    return files._replace(broker=_broker_with_door(files.broker, name))

_find_files_and_door.without_door = _find_files
backend_module.find_files = _find_files_and_door

def tell_broker(executor, code):
    """Evaluate JavaScript in the broker of an executor, soon."""
    door = js.BroadcastChannel.new(_door_of[id(executor._pool.backend)])
    door.postMessage(js.JSON.parse(json.dumps({"question": -1, "code": code})))
    door.close()

async def in_broker(executor, code):
    """The value of an expression of JavaScript in the broker of an executor, through JSON."""
    door = js.BroadcastChannel.new(_door_of[id(executor._pool.backend)])
    question = next(_door_numbers)
    answer = asyncio.get_running_loop().create_future()

    def hear(event):
        if getattr(event.data, "question", None) == question and hasattr(event.data, "text"):
            answer.set_result(json.loads(event.data.text))

    heard = create_proxy(hear)
    door.onmessage = heard
    try:
        door.postMessage(js.JSON.parse(json.dumps({"question": question, "code": code})))
        told = await asyncio.wait_for(answer, 30)
    finally:
        door.close()
        heard.destroy()
    assert "error" not in told, told
    return told.get("value")
'''

#: The source of `await be_patient(executor)`: its broker lets tasks end by themselves, however slow
#: the machine is, where it would replace their workers after a second.
PATIENT = """
async def be_patient(executor):
    await in_broker(executor, "void (pool.stops.grace = 60_000)")
"""
