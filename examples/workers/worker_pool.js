/**
 * A pool of Pyodide workers in a plain web page.
 *
 * `start`, `paint` and `compare` show how to use the pool; everything else shows what happens.
 * `?size=N` sets the number of workers, `?tasks=N` the number of tasks.
 */
import { PyodidePool } from '../../extensions/jupyterlite-pool/static/pool.js';
import { byId, count, element, hueOf, megabytes, seconds, soon } from './elements.js';
import { clearPicture, fadePicture, paintStrip, rows, signStrip, width } from './picture.js';
import * as timeline from './timeline.js';

const absolute = path => new URL(path, import.meta.url).href;
const workerUrl = absolute('../../extensions/jupyterlite-pool/static/worker.js');
const pyodideUrl = absolute('../../static/pyodide/pyodide.mjs');

/** A whole number of at least 1 from the page's URL, or undefined. */
function parameter(name) {
  const value = Number(new URLSearchParams(location.search).get(name));
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

const size = parameter('size'); // undefined: one worker per core
const tasks = parameter('tasks') ?? 24;

/** Runs once in every worker. */
const code = `
from math import log, log2

import js

WIDTH, HEIGHT, LIMIT = ${width}, ${rows * tasks}, 220


def heavy_logic(n):
    """Strip n of the picture, one byte per pixel; 0 is inside the Mandelbrot set."""
    strip = bytearray()
    for row in range(${rows} * n, ${rows} * (n + 1)):
        y = 0.1172 - 0.0093 * (row / HEIGHT - 0.5)
        for column in range(WIDTH):
            c = complex(-0.7443 + 0.0155 * (column / WIDTH - 0.5), y)
            z, step, shade = 0j, 0, 0
            while step < LIMIT:
                z = z * z + c
                step += 1
                if abs(z) > 16:
                    shade = 1 + int(254 * ((step - log2(log(abs(z)))) / LIMIT) ** 0.5)
                    break
            strip.append(shade)
    return {"worker": js.self.name, "strip": bytes(strip)}
`;

let pool;

/** Start the pool behind the splash screen. */
async function start() {
  const splash = showSplash();
  const listener = event => {
    splash.note(event);
    onPoolEvent(event);
  };
  pool = window.examplePool = new PyodidePool(workerUrl, size, { listener });
  showPool();
  try {
    await pool.init({ packages: [], code, pyodideUrl, onProgress: splash.progress });
  } catch (error) {
    splash.failed(error);
    throw error;
  }
  splash.done();
  showPool();
  void showMemory();
}

/** Run all tasks on a pool; resolves to the milliseconds that it took. */
async function paint(pool, lane) {
  const run = beginRun(pool, lane);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: tasks }, async (_, n) => {
      const result = await pool.call('heavy_logic', [n]);
      run.arrived(n, result);
    })
  ).finally(run.end);
  return performance.now() - began;
}

/** Run the same job on the pool, then on one worker. */
async function compare() {
  say(`${count(pool.size, 'worker')} at work`);
  const many = { time: await paint(pool), memory: total(await pool.memory()) };
  showMeasure('pool', many);
  void showMemory();

  say('Starting one worker alone');
  const single = new PyodidePool(workerUrl, 1, { listener: onSingleEvent });
  stopSingle = () => single.terminate();
  try {
    await single.init({ code, pyodideUrl });
    say('One worker at work');
    const one = { time: await paint(single, 'one'), memory: total(await single.memory()) };
    showMeasure('one', one);
    showVerdict(many, one);
    say('Done');
    return { many, one };
  } finally {
    single.terminate();
  }
}

const total = memory => [...memory.values()].reduce((sum, bytes) => sum + bytes, 0);

// --- the page ----------------------------------------------------------------------------------

const PHASES = {
  loading: 'loading Python',
  packages: 'loading packages',
  code: 'running the code',
  ready: 'ready'
};
const phases = Object.keys(PHASES);

let stopSingle = () => undefined;

/** How many results of all runs have come from the workers that are there now. */
let finished = 0;

function say(text) {
  byId('status').textContent = text;
}

function showSplash() {
  const splash = byId('splash');
  const list = byId('splash-workers');
  const bars = new Map();
  list.replaceChildren();
  splash.classList.remove('gone', 'failed');
  splash.hidden = false;
  byId('main').inert = true;
  byId('splash-title').textContent = 'Starting Python';
  byId('splash-note').textContent = 'Every worker loads its own interpreter, once.';
  byId('retry').hidden = true;

  function row(worker) {
    const label = element('span', { className: 'phase', textContent: 'starting' });
    const bar = element('progress', { max: phases.length, value: 0 });
    bar.setAttribute('aria-label', `Worker ${worker}`);
    const item = element(
      'li',
      {},
      element('span', { className: 'name', textContent: `Worker ${worker}` }),
      label,
      bar
    );
    item.dataset.worker = worker;
    item.style.setProperty('--hue', hueOf(worker));
    list.append(item);
    bars.set(worker, { item, label, bar });
  }

  return {
    note({ type, worker }) {
      if (type === 'starting') {
        row(worker);
      } else if (type === 'ended') {
        bars.get(worker)?.item.remove(); // another worker takes its place
      }
    },
    progress(worker, phase) {
      const { item, label, bar } = bars.get(worker);
      item.dataset.phase = phase;
      label.textContent = PHASES[phase];
      bar.value = phases.indexOf(phase) + 1;
    },
    failed(error) {
      splash.classList.add('failed');
      byId('splash-title').textContent = 'Python did not start';
      byId('splash-note').textContent = error.message;
      byId('retry').hidden = false;
      byId('retry').focus();
    },
    done() {
      byId('main').inert = false;
      splash.classList.add('gone');
      // If there is no animation, this goes on at once.
      Promise.allSettled(splash.getAnimations().map(animation => animation.finished)).then(() => {
        splash.hidden = true;
      });
    }
  };
}

/** Show the workers and the queue as they are now. */
function showPool() {
  const body = byId('workers');
  const known = new Map([...body.rows].map(row => [Number(row.dataset.worker), row]));
  for (const { id, state, finished } of pool.workers) {
    const row = known.get(id) ?? workerRow(body, id);
    known.delete(id);
    row.dataset.state = state;
    row.cells[1].textContent = state;
    row.cells[2].textContent = finished;
  }
  for (const row of known.values()) {
    row.dataset.state = row.cells[1].textContent = 'stopped';
  }
  byId('queued').textContent = pool.queued;
}

function workerRow(body, id) {
  const row = body.insertRow();
  row.dataset.worker = id;
  row.style.setProperty('--hue', hueOf(id));
  row.append(
    element('th', { scope: 'row', textContent: id }),
    element('td'),
    element('td', { className: 'number' }),
    element('td', { className: 'number', textContent: '–' })
  );
  return row;
}

async function showMemory() {
  for (const [worker, bytes] of await pool.memory()) {
    const row = byId('workers').querySelector(`[data-worker="${worker}"]`);
    row.cells[3].textContent = megabytes(bytes);
  }
}

function onPoolEvent(event) {
  if (event.type === 'dispatched') {
    timeline.taskBegan(event.worker);
  } else if (event.type === 'ended') {
    timeline.taskEnded(event.worker);
  }
  soon(showPool);
}

function onSingleEvent(event) {
  if (event.type === 'dispatched') {
    timeline.taskBegan('one');
  }
}

/** Show a run of all tasks, on the pool or on one worker alone. */
function beginRun(runner, lane) {
  let arrived = 0;
  byId('arrived').textContent = 0;
  byId('expected').textContent = ` of ${tasks}`;
  if (lane === undefined) {
    clearPicture(tasks);
    timeline.clear(pool.workers.map(worker => worker.id));
  } else {
    fadePicture();
    timeline.addLane(lane, 'One alone');
  }
  timeline.begin();
  return {
    arrived(n, { worker, strip }) {
      paintStrip(n, strip);
      if (lane === undefined) {
        signStrip(n, Number(worker.split(' ').pop()));
      }
      for (const { id, state } of runner.workers) {
        if (state === 'idle') {
          timeline.taskEnded(lane ?? id); // for other workers, `taskBegan` has ended this task
        }
      }
      byId('arrived').textContent = ++arrived;
      if (lane === undefined) {
        byId('all').textContent = ++finished;
      }
      soon(showPool);
    },
    end: () => timeline.end()
  };
}

function showMeasure(name, measure) {
  const { cells } = byId(`measure-${name}`);
  cells[1].textContent = measure ? seconds(measure.time) : '–';
  cells[2].textContent = measure ? ((1000 * tasks) / measure.time).toFixed(1) : '–';
  cells[3].textContent = measure ? megabytes(measure.memory) : '–';
}

function showVerdict(many, one) {
  const faster = (one.time / many.time).toFixed(1);
  const larger = (many.memory / one.memory).toFixed(1);
  byId('verdict').replaceChildren(
    element('strong', { id: 'speedup', textContent: `${faster}×` }),
    ' the speed, for ',
    element('strong', { textContent: `${larger}×` }),
    ' the memory'
  );
  byId('timeline').setAttribute(
    'aria-label',
    `${count(pool.size, 'worker')}: ${seconds(many.time)}. One worker: ${seconds(one.time)}.`
  );
}

async function onRun() {
  byId('run').disabled = true;
  byId('verdict').textContent = 'Measuring …';
  showMeasure('pool', null);
  showMeasure('one', null);
  try {
    await compare();
  } catch (error) {
    if (!stopped) {
      say(error.message); // who has stopped the workers knows why the run ended
    }
    byId('verdict').textContent = stopped ? 'Stopped before it was measured.' : 'Not measured.';
  } finally {
    byId('run').disabled = stopped;
    showPool();
  }
}

let stopped = false;

function onStop() {
  if (stopped) {
    begin();
    return;
  }
  pool.terminate();
  stopSingle();
  stopped = true;
  byId('stop').textContent = 'Start again';
  byId('run').disabled = true;
  say('The workers are stopped');
  showPool();
}

function begin() {
  stopped = false;
  byId('stop').textContent = 'Stop the workers';
  byId('run').disabled = false;
  byId('workers').replaceChildren();
  byId('all').textContent = finished = 0;
  say('');
  window.example.ready = start();
  window.example.ready.catch(() => undefined); // the splash screen shows the error
}

byId('task-count').textContent = tasks;
byId('run').addEventListener('click', onRun);
byId('stop').addEventListener('click', onStop);
byId('retry').addEventListener('click', begin);
clearPicture(tasks);

/** For scripts and tests that control this page. */
window.example = { PyodidePool, workerUrl, pyodideUrl, code, tasks, compare };
begin();
byId('pool-size').textContent = count(pool.size, 'worker');
byId('measure-pool-name').textContent = count(pool.size, 'worker');
