/**
 * Causes the faults in npm's workerpool on a page, as `driving.py` does in pools of Python. Both
 * use the same names.
 */
import workerpool from 'workerpool';

const seconds = () => performance.now() / 1000;

class Account {
  began = seconds();

  get now() {
    return seconds() - this.began;
  }

  follow(submit) {
    const entry = { at: null, value: null, error: null, message: null };
    const end = found => Object.assign(entry, found, { at: this.now });
    const fail = error => {
      // An error of Python has the name of its class in `type`.
      const name = error.type ?? error.name ?? String(error);
      const cancelled = error.message === 'Pool terminated'; // only calls that waited get this
      end({ error: cancelled ? 'CancelledError' : name, message: error.message });
    };
    try {
      submit().then(value => end({ value }), fail);
    } catch (error) {
      fail(error);
    }
    return entry;
  }

  others(pool, count, busy) {
    const call = () => pool.exec('call', ['other', [busy]]);
    return Array.from({ length: count }, () => this.follow(call));
  }

  async until(condition, limit) {
    const deadline = this.now + limit;
    while (!condition()) {
      if (this.now > deadline) {
        return false;
      }
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    return true;
  }
}

const ended = entries => entries.every(entry => entry.at !== null);

function heard(entries, since) {
  const good = entries.filter(e => e.at !== null && e.error === null && e.at >= since);
  return new Set(good.map(entry => entry.value)).size;
}

const starting = ({ worker, terminated }) => !terminated && worker !== null && !worker.ready;

async function keepCalling(account, pool, calls, since, limit, { size, busy, start, rest }) {
  const both = () => {
    if (heard(calls, since) < size && ended(calls)) {
      calls.push(...account.others(pool, size, busy));
    }
    return heard(calls, since) >= size;
  };
  if (await account.until(both, since + limit - account.now)) {
    return true;
  }
  // A start may take longer on a busy machine, so it gets more time.
  if (pool.workers.some(starting)) {
    await account.until(() => both() || !pool.workers.some(starting), start);
    await account.until(both, rest);
  }
  return heard(calls, since) >= size;
}

function compute(limit) {
  const until = seconds() + limit;
  while (seconds() < until);
}

function act(pool, name, { busy, pickles, limit, pause, deaf }) {
  const [worker] = pool.workers; // the first idle worker gets the next call
  const call = () => pool.exec('call', [name, []]);
  const read = () => pool.exec('read', [Uint8Array.from(pickles[name])]);
  const callInTime = () => call().timeout(1000 * limit);
  const callAnd = (after, does) => () => {
    const called = call();
    setTimeout(() => does(called), 1000 * after);
    return called;
  };
  const acts = {
    loops: callInTime,
    loops_in_c: callInTime,
    loops_in_a_regex: callInTime,
    talks_on: callAnd(pause, called => called.cancel()), // workerpool's only way to stop a worker
    vanishes: callAnd(pause, () => worker.worker.terminate()),
    ends_between_tasks: () => {
      worker.worker.terminate();
      return call();
    },
    cannot_be_sent: () => pool.exec('call', ['other', [() => busy]]), // no function is cloned
    cannot_be_read: read,
    ends_its_reader: read,
    dies_while_the_notebook_computes: callAnd(0, () => compute(deaf)),
    is_shut_down: callAnd(pause, () => pool.terminate())
  };
  return (acts[name] ?? call)();
}

async function untilStarted(pool, options) {
  const account = new Account();
  const first = [];
  if (!(await keepCalling(account, pool, first, 0, options.start, options))) {
    throw new Error(`the workers of workerpool did not start: ${JSON.stringify(first)}`);
  }
  const start = account.now;
  await account.until(() => ended(first), options.never);
  return start;
}

window.onWorkerpool = async (name, instant, options) => {
  const { size, others: count, next, busy, never, rest } = options;
  const fails = name === 'cannot_start';
  const pool = workerpool.pool(`workerpool.worker.js${fails ? '?fails' : ''}`, {
    minWorkers: size,
    maxWorkers: size,
    workerOpts: { type: 'module', name: new URL('static/pyodide/pyodide.mjs', location.href).href }
  });
  const start = fails ? null : await untilStarted(pool, options);

  const account = new Account();
  const faulty = account.follow(() => act(pool, name, options));
  const others = account.others(pool, count, busy);
  const calls = [...others];
  if (instant === null) {
    await account.until(() => ended([faulty]), 3 * never);
    instant = account.now;
  }
  await keepCalling(account, pool, calls, instant, never, options);
  await account.until(() => ended([faulty, ...others]), instant + never - account.now);
  await account.until(() => ended(calls), rest);
  const later = account.others(pool, next, busy);
  await account.until(() => ended(later), never);
  return { start, instant, faulty, others, calls, next: later };
};
