#!/usr/bin/env bash
# ONNX Runtime's session option `session.set_denormal_as_zero` says that a session flushes denormal numbers.
# The mode of the thread that calls is set once in a process, by its first session; each session's helpers
# get it with their session. So in onnxruntime-node a session that asks for it in a second worker thread has
# a result of which a part is flushed and a part is not, by which thread computed it, and with one thread
# nothing is flushed. And the mode is that of the thread's JavaScript too: after the first session on the
# main thread, 5e-324 is 0 in every script that is read from then on.
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || { echo 'the mode is there on x86-64 alone'; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --ignore-scripts onnxruntime-node@1.30.0
cat > flush.cjs <<'JS'
const { Worker, isMainThread, workerData, parentPort } = require('node:worker_threads');
const ort = require('onnxruntime-node');
// y = x * x over [n], as ONNX
const text = (field, value) => part(field, [...Buffer.from(value)]);
const part = (field, bytes) => [(field << 3) | 2, bytes.length, ...bytes];
const dimension = part(1, text(2, 'n'));
const tensor = (name) => [...text(1, name), ...part(2, part(1, [8, 1, ...part(2, dimension)]))];
const node = [...text(1, 'x'), ...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Mul')];
const graph = [...part(1, node), ...text(2, 'g'), ...part(11, tensor('x')), ...part(12, tensor('y'))];
const model = Uint8Array.from([8, 8, ...part(7, graph), ...part(8, [16, 17])]);
const count = 1 << 20;
async function flushed(threads) {
  const extra = { session: { set_denormal_as_zero: '1' } };
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: threads, extra });
  const x = new ort.Tensor('float32', new Float32Array(count).fill(1e-20), [count]);
  const { y } = await session.run({ x }); // 1e-40 each
  return y.data.filter((one) => one === 0).length / count;
}
const inWorker = (threads) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: threads });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
const least = () => String(new Function('return 5e-324')()); // read anew each time
async function main() {
  console.log('onnxruntime', ort.env.versions.node);
  const before = least();
  const first = await flushed(2);
  const after = least();
  console.log(`first session, main thread: ${first} of the products are 0; 5e-324 was ${before} before, is ${after} after`);
  process.exit(first === 1 && before === '5e-324' && after === '0' ? 0 : 1);
}
async function workers() {
  const first = await inWorker(2);
  const [two, one] = [await inWorker(2), await inWorker(1)];
  console.log(`first worker: ${first}; a second one, 2 threads: ${two}; a third one, 1 thread: ${one}`);
  process.exit(first === 1 && two > 0 && two < 1 && one === 0 ? 0 : 1);
}
if (!isMainThread) flushed(workerData).then((share) => parentPort.postMessage(share));
else if (process.argv[2] === 'workers') workers();
else main();
JS
node flush.cjs main
node flush.cjs workers
