/** The timeline: a lane for each worker, a block for each task; all runs share one axis. */
import { byId, element, hueOf, soon } from './elements.js';

const lanes = new Map();
let began = 0;
let longest = 0;
let running = false;

const now = () => performance.now() - began;

function draw() {
  const time = running ? now() : 0;
  for (const lane of lanes.values()) {
    lane.open?.setAttribute('width', time - lane.openSince);
  }
  longest = Math.max(longest, time);
  const scale = Math.max(longest, 1000);
  for (const lane of lanes.values()) {
    lane.svg.setAttribute('viewBox', `0 0 ${scale} 1`);
  }
  drawAxis(scale);
  if (running) {
    setTimeout(() => soon(draw), 100); // not each frame: the cores are Python's
  }
}

function drawAxis(scale) {
  const step = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100].find(s => scale / 1000 / s <= 8) ?? 200;
  const ticks = Math.floor(scale / 1000 / step) + 1;
  const axis = byId('axis');
  while (axis.children.length < ticks) {
    axis.append(element('span'));
  }
  [...axis.children].slice(ticks).forEach(tick => tick.remove());
  [...axis.children].forEach((tick, i) => {
    tick.textContent = i === 0 ? '0' : `${i * step} s`;
    tick.style.left = `${(100000 * i * step) / scale}%`;
  });
}

/** Add a lane, unless it is there; the lane. */
export function addLane(key, label) {
  if (lanes.has(key)) {
    return lanes.get(key);
  }
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('preserveAspectRatio', 'none');
  const node = element('div', { className: 'lane' }, element('span', { textContent: label }), svg);
  node.classList.toggle('alone', key === 'one');
  node.style.setProperty('--hue', key === 'one' ? 0 : hueOf(key));
  byId('lanes').append(node);
  lanes.set(key, { svg, open: null, openSince: 0 });
  return lanes.get(key);
}

export function clear(workers) {
  lanes.clear();
  longest = 0;
  byId('lanes').replaceChildren();
  workers.forEach(worker => addLane(worker, `Worker ${worker}`));
}

export function begin() {
  began = performance.now();
  running = true;
  soon(draw);
}

export function end() {
  draw();
  running = false;
}

export function taskBegan(key) {
  if (!running) {
    return; // a call from outside, while no run is shown
  }
  taskEnded(key);
  const lane = addLane(key, `Worker ${key}`);
  lane.openSince = now();
  lane.open = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  lane.open.setAttribute('x', lane.openSince);
  lane.open.setAttribute('height', 1);
  lane.svg.append(lane.open);
}

export function taskEnded(key) {
  const lane = lanes.get(key);
  if (lane?.open) {
    lane.open.setAttribute('width', now() - lane.openSince);
    lane.open = null;
  }
}
