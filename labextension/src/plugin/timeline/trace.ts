/** The bars as trace events, which Perfetto and the browser's own performance panel open. */
import { type Bar, KIND, NOTEBOOK, type Recording, STATE } from './data';
import { rowName, type Words } from './texts';

/** Events of the Trace Event Format: complete ones, numbers over time, and names. */
export interface TraceEvent {
  name: string;
  cat: string;
  /** "X" for a complete event, "C" for a number, "M" for a name. */
  ph: 'X' | 'C' | 'M';
  /** Microseconds. */
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  args: Record<string, string | number>;
}

/** All of it is one process. */
const PROCESS = 1;

const STATES = { [STATE.running]: 'running', [STATE.done]: 'done' } as const;
const ENDS = { ...STATES, [STATE.failed]: 'failed', [STATE.cancelled]: 'cancelled' } as const;

/** A file of trace events, as text. */
export function traceOf(recording: Recording, trans: Words): string {
  return JSON.stringify({ traceEvents: eventsOf(recording, trans), displayTimeUnit: 'ms' });
}

/** The events: names first, then the bars by worker, then how many workers there were. */
export function eventsOf(recording: Recording, trans: Words): TraceEvent[] {
  const events = [nameOf('process_name', 0, trans.__('Worker pool'))];
  for (const worker of recording.workers) {
    events.push(nameOf('thread_name', threadOf(worker), rowName(worker, trans)));
  }
  for (const worker of recording.workers) {
    const track = recording.all(worker);
    for (let place = 0; place < track.size; place++) {
      events.push(eventOf(recording.bar(track, place), trans));
    }
  }
  return [...events, ...countsOf(recording, trans)];
}

/** The thread of a worker. Threads count from 1: a viewer takes 0 for none. */
function threadOf(worker: number): number {
  return worker === NOTEBOOK ? 1 : worker + 2;
}

function nameOf(name: 'process_name' | 'thread_name', tid: number, text: string): TraceEvent {
  return { name, cat: '__metadata', ph: 'M', ts: 0, pid: PROCESS, tid, args: { name: text } };
}

function eventOf(bar: Bar, trans: Words): TraceEvent {
  const { kind, work, item, worker } = bar;
  const ts = microseconds(bar.begin);
  const event = {
    ph: 'X' as const,
    ts,
    dur: Math.max(0, microseconds(bar.end) - ts),
    pid: PROCESS,
    tid: threadOf(worker)
  };
  if (kind !== KIND.item || work === null) {
    const name = kind === KIND.starting ? trans.__('starting') : trans.__('preparing');
    return { name, cat: 'worker', ...event, args: {} };
  }
  const cat = bar.state === STATE.failed ? 'item,failed' : 'item';
  return { name: work.label, cat, ...event, args: { item, job: work.job, state: ENDS[bar.state] } };
}

/** How many workers were there, at each time at which that changed. */
function countsOf(recording: Recording, trans: Words): TraceEvent[] {
  const changes: [number, number][] = [];
  for (const { ready, ended } of recording.lives.values()) {
    changes.push([ready, 1]);
    if (ended !== null) {
      changes.push([ended, -1]);
    }
  }
  let workers = 0;
  return changes
    .sort(([one], [other]) => one - other)
    .map(([time, change]) => {
      workers += change;
      return {
        name: trans.__('workers'),
        cat: 'worker',
        ph: 'C' as const,
        ts: microseconds(time),
        pid: PROCESS,
        tid: 0,
        args: { workers }
      };
    });
}

function microseconds(seconds: number): number {
  return Math.round(seconds * 1e6);
}
