#!/usr/bin/env bash
# ONNX Runtime on the CPU: the logarithm of a number has other last bits by its place in the tensor. The last
# (length mod 4) numbers are computed by another function than those before, so that a log-probability is not the
# same number in a batch of 7 as in one of 8: what asks for equal bits whatever the batching (a policy that is
# scored twice, a batch that is cut over machines) has to fill up to 4. Exp, Tanh, Sqrt, Erf and Sigmoid give
# the same bits at every place.
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || { echo 'seen on x86-64 alone'; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --ignore-scripts onnxruntime-node@1.30.0
cat > place.cjs <<'JS'
const ort = require('onnxruntime-node');
// y = f(x) over [n], as ONNX
const text = (field, value) => part(field, [...Buffer.from(value)]);
const part = (field, bytes) => [(field << 3) | 2, bytes.length, ...bytes];
const dimension = part(1, text(2, 'n'));
const tensor = (name) => [...text(1, name), ...part(2, part(1, [8, 1, ...part(2, dimension)]))];
const model = (op) => {
  const node = [...text(1, 'x'), ...text(2, 'y'), ...text(4, op)];
  const graph = [...part(1, node), ...text(2, 'g'), ...part(11, tensor('x')), ...part(12, tensor('y'))];
  return Uint8Array.from([8, 8, ...part(7, graph), ...part(8, [16, 17])]);
};
const values = Array.from({ length: 4096 }, (_, i) => (i + 1) / 4097);
async function main() {
  console.log('onnxruntime', ort.env.versions.node);
  let asSaid = true;
  for (const op of ['Log', 'Exp', 'Tanh', 'Sqrt', 'Erf', 'Sigmoid']) {
    const session = await ort.InferenceSession.create(model(op), { intraOpNumThreads: 1 });
    const of = async (some) =>
      (await session.run({ x: new ort.Tensor('float32', Float32Array.from(some), [some.length]) })).y.data;
    const all = await of(values);
    let alone = 0;
    for (const [i, value] of values.entries()) if ((await of([value]))[0] !== all[i]) alone++;
    const places = new Set();
    for (let start = 0; start + 7 <= values.length; start += 7) {
      const seven = await of(values.slice(start, start + 7));
      seven.forEach((one, place) => one !== all[start + place] && places.add(place));
    }
    const where = [...places].sort().join(' ');
    console.log(`${op}: ${alone} of 4096 are another number alone; in sevens others at places [${where}]`);
    asSaid &&= op === 'Log' ? alone > 0 && where === '4 5 6' : alone === 0 && where === '';
  }
  process.exit(asSaid ? 0 : 1);
}
main();
JS
node place.cjs
