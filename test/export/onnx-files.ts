/** Runs exported model files as transformers.js does: the encoder once, then a token a step. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import { expect, onTestFinished } from 'vitest';

const ort: typeof Ort = createRequire(import.meta.url)('onnxruntime-node');

/** A session of a file; it is released when the test ends. */
export async function openSession(...path: string[]): Promise<Ort.InferenceSession> {
  const session = await ort.InferenceSession.create(join(...path), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  onTestFinished(() => session.release());
  return session;
}

/** Rows padded on the right, and their mask. */
export function padded(rows: readonly (readonly number[])[], padId: number) {
  const time = Math.max(...rows.map((row) => row.length));
  const grid = (at: (row: readonly number[], t: number) => number) =>
    integers(
      rows.flatMap((row) => Array.from({ length: time }, (_, t) => at(row, t))),
      [rows.length, time],
    );
  return {
    input_ids: grid((row, t) => row[t] ?? padId),
    attention_mask: grid((row, t) => Number(t < row.length)),
  };
}

export function integers(values: readonly number[], dims: readonly number[]): Ort.Tensor {
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);
}

/** What a greedy decoding gave: ids behind the start, and the logits of each step. */
export interface Decoded {
  readonly ids: number[][];
  /** By step, then [batch * vocabulary]. */
  readonly logits: Float32Array[];
}

/** The likeliest tokens of a padded batch, as many steps as asked for, whatever has ended. */
export async function decodeGreedily(
  [encoder, decoder]: readonly Ort.InferenceSession[],
  queries: readonly (readonly number[])[],
  { padId, startId, steps }: { padId: number; startId: number; steps: number },
): Promise<Decoded> {
  const feeds = padded(queries, padId);
  const { last_hidden_state: states } = await encoder.run(feeds);
  // nothing may be read of them behind the first step: keys and values are part of the past
  const zeros = new ort.Tensor('float32', new Float32Array(states.size), states.dims);
  const batch = queries.length;
  let past = emptyPast(decoder, batch);
  let last = queries.map(() => startId);
  const ids = queries.map((): number[] => []);
  const logits: Float32Array[] = [];
  for (let step = 0; step < steps; step++) {
    const results = await decoder.run({
      input_ids: integers(last, [batch, 1]),
      encoder_hidden_states: step > 0 ? zeros : states,
      encoder_attention_mask: feeds.attention_mask,
      use_cache_branch: new ort.Tensor('bool', [step > 0], [1]),
      ...past,
    });
    const scores = results.logits.data as Float32Array;
    logits.push(scores);
    last = queries.map((_, row) => argmaxOf(scores, row, batch));
    last.forEach((id, row) => {
      ids[row].push(id);
    });
    // with use_cache_branch, transformers.js keeps the encoder's part of the past that it has
    const next = Object.entries(results).filter(([name]) => name.startsWith('present'));
    past = Object.fromEntries(
      next.map(([name, tensor]) => {
        const given = name.replace('present', 'past_key_values');
        return [given, step > 0 && name.includes('encoder') ? past[given] : tensor];
      }),
    );
  }
  return { ids, logits };
}

/** The first run of a decoder, without a past. */
export function run(decoder: Ort.InferenceSession, feeds: Record<string, Ort.Tensor>) {
  const batch = feeds.input_ids.dims[0];
  const isGiven = new ort.Tensor('bool', [false], [1]);
  return decoder.run({ ...feeds, use_cache_branch: isGiven, ...emptyPast(decoder, batch) });
}

/** As transformers.js makes it: every symbol but the batch is 0. */
function emptyPast({ inputMetadata }: Ort.InferenceSession, batch: number) {
  const past: Record<string, Ort.Tensor> = {};
  for (const meta of inputMetadata) {
    if (!meta.name.startsWith('past_key_values') || !('shape' in meta)) continue;
    const dims = meta.shape.map((dim) =>
      typeof dim === 'number' ? dim : dim === 'batch_size' ? batch : 0,
    );
    const data = meta.type === 'float16' ? new Uint16Array() : new Float32Array();
    past[meta.name] = new ort.Tensor(meta.type as 'float32', data as Float32Array, dims);
  }
  expect(Object.keys(past).length).toBeGreaterThan(0);
  return past;
}

function argmaxOf(scores: Float32Array, row: number, batch: number): number {
  const size = scores.length / batch;
  const part = scores.subarray(row * size, (row + 1) * size);
  return part.indexOf(Math.max(...part));
}
