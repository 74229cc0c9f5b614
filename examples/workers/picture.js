/** The picture and its margin. */
import { byId, element, hueOf } from './elements.js';

/** Pixels of one strip. */
export const width = 480;
export const rows = 12;

const canvas = byId('picture');
const picture = canvas.getContext('2d');

/** Clear the picture of so many strips, and forget which worker computed them. */
export function clearPicture(tasks) {
  canvas.width = width;
  canvas.height = rows * tasks; // this clears it
  byId('authors').replaceChildren(...Array.from({ length: tasks }, () => element('i')));
}

/** Make the picture pale: the strips that one worker computes again come back to full strength. */
export function fadePicture() {
  picture.globalCompositeOperation = 'destination-in';
  picture.fillStyle = 'rgb(0 0 0 / 18%)';
  picture.fillRect(0, 0, canvas.width, canvas.height);
  picture.globalCompositeOperation = 'source-over';
}

const PALETTE = palette([
  [0, '#06101f'],
  [0.3, '#0b3a5b'],
  [0.46, '#1f8a8c'],
  [0.6, '#f2e3b3'],
  [0.74, '#e8893a'],
  [0.88, '#8f2d3b'],
  [1, '#2a0f2c']
]);

/** 256 colours, interpolated between the stops. */
function palette(stops) {
  const strip = new OffscreenCanvas(256, 1).getContext('2d');
  const gradient = strip.createLinearGradient(0, 0, 256, 0);
  stops.forEach(stop => gradient.addColorStop(...stop));
  strip.fillStyle = gradient;
  strip.fillRect(0, 0, 256, 1);
  const colours = new Uint32Array(strip.getImageData(0, 0, 256, 1).data.buffer);
  colours[0] = new Uint32Array(new Uint8Array([6, 9, 16, 255]).buffer)[0];
  return colours;
}

/** Draw strip n. */
export function paintStrip(n, shades) {
  const image = new ImageData(width, rows);
  new Uint32Array(image.data.buffer).set(Uint32Array.from(shades, shade => PALETTE[shade]));
  picture.putImageData(image, 0, n * rows);
}

/** Show in the margin which worker computed strip n. */
export function signStrip(n, worker) {
  const author = byId('authors').children[n];
  author.className = 'painted';
  author.style.setProperty('--hue', hueOf(worker));
}
