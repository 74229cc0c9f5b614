"""Tasks that wait: for each other, the proof that they run at the same time, or for a word."""

from __future__ import annotations

#: Source of `meet(folder, number, others)`, for a kernel: a task says that it is there in a file of
#: its own, on the drive that all workers have, and ends when this many others are there. Its value
#: is the number of its worker's process.
MEET = """
import os

def meet(folder, number, others):
    import os, time
    os.makedirs(folder, exist_ok=True)
    open(f"{folder}/{number}", "w").close()
    deadline = time.monotonic() + 50
    while len(os.listdir(folder)) < others:
        if time.monotonic() > deadline:
            raise TimeoutError("the others did not come")
        time.sleep(0.01)
    return os.getpid()
"""

#: Source of `hear(channel)`, for a kernel: a task that says that it runs, and ends with the first
#: word that somebody says on a `BroadcastChannel`.
HEAR = """
async def hear(channel):
    import asyncio, js
    from pyodide.ffi import create_once_callable
    heard = asyncio.get_running_loop().create_future()
    own = js.BroadcastChannel.new(channel)
    own.onmessage = create_once_callable(lambda event: heard.set_result(event.data))
    print("runs now")
    return await heard
"""
