/** Whether an engine computes what another one does: values and gradients of a small graph. I/O. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writingTo } from '../disk/words.ts';
import type { Numbers } from '../tensor.ts';
import type { Engine } from './engine.ts';
import type { Feeds } from './feeds.ts';
import { noise, type SelfTestGraph, selfTestGraph } from './self-test-graph.ts';
import { inFiles, type WeightLocation, type WeightSource } from './weight-source.ts';

/** How far an engine may be off; relative. */
export interface Tolerance {
  /** Of the loss. */
  readonly loss: number;
  /** Of the logits and of each gradient, as L2 norm of the difference. */
  readonly tensors: number;
}

/** float32 differs in the order of sums; bf16 has 8 bits of mantissa. */
export const tolerances = {
  f32: { loss: 1e-4, tensors: 1e-4 },
  bf16: { loss: 0.02, tensors: 0.08 },
} satisfies Record<string, Tolerance>;

/** What came out. */
export interface SelfTestResult {
  readonly passed: boolean;
  /** For people: how far off it is, or what went wrong. */
  readonly text: string;
}

/** Lengths to compute at: an engine has to follow sizes that change. */
const lengths = [48, 13];

/** Compares an engine with one that is trusted. An engine that cannot even compute it has failed. */
export async function selfTest(
  engine: Engine,
  trusted: Engine,
  tolerance: Tolerance,
): Promise<SelfTestResult> {
  return withWeights(selfTestGraph(), async (test, weights) => {
    const theirs = await results(trusted, test, weights);
    const mine = await results(engine, test, weights).catch((error: Error) => error);
    return mine instanceof Error
      ? { passed: false, text: mine.message }
      : judge(mine, theirs, tolerance);
  });
}

/** What an engine computes: the graph's outputs at some lengths, in tokens. */
export async function selfTestRuns(
  engine: Pick<Engine, 'compile'>,
  at: readonly number[] = lengths,
): Promise<Feeds[]> {
  return withWeights(selfTestGraph(), (test, weights) => results(engine, test, weights, at));
}

/** Writes the graph's weights to a file that is there for as long as they are used. */
export async function withWeights<T>(
  test: SelfTestGraph,
  use: (test: SelfTestGraph, weights: WeightSource) => Promise<T>,
): Promise<T> {
  const place = { path: tmpdir(), instead: 'choose another folder for temporary files by TMPDIR' };
  const folder = await writingTo(place, () => mkdtemp(join(tmpdir(), 'tactful-self-test-')));
  try {
    const file = join(folder, 'weights.bin');
    return await use(test, await writingTo(place, () => writeWeights(file, test)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function results(
  engine: Pick<Engine, 'compile'>,
  { graph, feeds }: SelfTestGraph,
  weights: WeightSource,
  at: readonly number[] = lengths,
): Promise<Feeds[]> {
  const session = await engine.compile(graph, { name: 'self-test', weights });
  try {
    const runs: Feeds[] = [];
    for (const tokens of at) runs.push(await session.run(feeds(tokens)));
    return runs;
  } finally {
    await session.close();
  }
}

/** All in one file, as checkpoints have them: float32, and every second one bfloat16. */
async function writeWeights(file: string, { weights }: SelfTestGraph): Promise<WeightSource> {
  const places = new Map<string, WeightLocation>();
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [i, [name, shape]] of [...weights].entries()) {
    const values = noise(name, shape);
    const dtype = i % 2 ? 'bfloat16' : 'float32';
    const bits = new Uint32Array(values.buffer);
    const data = dtype === 'float32' ? bits : Uint16Array.from(bits, (word) => word >>> 16);
    const bytes = new Uint8Array(data.buffer);
    places.set(name, { file, offset, length: bytes.length, dtype });
    parts.push(bytes);
    offset += bytes.length;
  }
  await writeFile(file, Buffer.concat(parts));
  return inFiles((name) => places.get(name)!);
}

function judge(
  mine: readonly Feeds[],
  theirs: readonly Feeds[],
  tolerance: Tolerance,
): SelfTestResult {
  let [loss, tensors, worst] = [0, 0, ''];
  for (const [i, run] of theirs.entries()) {
    for (const [name, { data }] of Object.entries(run)) {
      const off = distance(mine[i][name].data as Float32Array, data as Float32Array);
      if (name === 'loss') loss = Math.max(loss, off);
      else if (off > tensors || worst === '') [tensors, worst] = [off, name];
    }
  }
  const passed = loss <= tolerance.loss && tensors <= tolerance.tensors;
  const [lossOff, worstOff] = [loss, tensors].map((off) => `${(100 * off).toPrecision(2)} %`);
  return { passed, text: `loss off by ${lossOff}, ${worst} by ${worstOff}` };
}

/** |a - b| / |b| */
function distance(a: Numbers, b: Numbers): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  const off = Math.sqrt(difference / size);
  return Number.isNaN(off) ? Infinity : off;
}
