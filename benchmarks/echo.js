/** The worker's side of `frames.js`: answers every frame on a raw port and on a Comlink port. */
import * as Comlink from 'comlink';

const answer = ({ batch, payload, buffers }) => ({
  kind: 'result',
  batch,
  payload,
  buffers,
  done: true,
  memory: 0
});

self.onmessage = ({ data: { raw, comlink } }) => {
  raw.onmessage = ({ data }) => raw.postMessage(answer(data), data.buffers);
  Comlink.expose({ run: frame => Comlink.transfer(answer(frame), frame.buffers) }, comlink);
  self.postMessage('ready');
};
