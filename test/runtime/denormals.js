/**
 * Run as a process of its own: the mode of its threads is set once. Prints which share of products of
 * 1e-40 engines take for 0, one engine a line; `theirs`: after somebody else has used the library.
 */
import { createRequire } from 'node:module';
import { Graph } from '../../dist/graph/graph.js';
import { encodeOnnx } from '../../dist/graph/onnx.js';
import { mul } from '../../dist/graph/ops/elementwise.js';
import { startWorker } from '../../dist/runtime/remote.js';
import { float32 } from '../../dist/tensor.js';

/** Elements of which each thread gets a part. */
const many = 1 << 20;
const graph = new Graph();
const x = graph.input('x', 'float32', ['n']);
graph.output('y', mul(x, x));

if (process.argv[2] === 'theirs') {
  const { InferenceSession } = createRequire(import.meta.url)('onnxruntime-node');
  await InferenceSession.create(encodeOnnx(graph, () => 'input'));
}
for (const threads of [1, 2, 3]) {
  const engine = await startWorker({ engine: 'onnxruntime', threads });
  const beside = await startWorker({ engine: 'onnxruntime', threads });
  await tell(engine);
  await engine.close();
  await tell(beside);
  await beside.close();
}
process.stdout.write(`5e-324 is ${Number('5e-324')}\n`);

async function tell(engine) {
  const session = await engine.compile(graph);
  const { y } = await session.run({ x: float32(new Float32Array(many).fill(1e-20)) });
  const zeros = y.data.filter((product) => product === 0).length;
  process.stdout.write(`${zeros / many}\n`);
}
