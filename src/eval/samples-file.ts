/** I/O: samples in a file, one a line as JSON, numbers to the last bit. */
import { z } from 'zod';
import type { Sample } from '../comparison.ts';
import { writeFileAtomic } from '../disk/atomic.ts';
import { parseJson, readIfPresent } from '../disk/json.ts';

const SampleJson = z.strictObject({
  id: z.string(),
  sample: z.int().exactOptional(),
  group: z.string().exactOptional(),
  query: z.string(),
  response: z.string(),
  toxicity: z.number(),
  reward: z.number(),
  judges: z.record(z.string(), z.number()).exactOptional(),
  rouge1: z.number().exactOptional(),
  rouge2: z.number().exactOptional(),
  rougeL: z.number().exactOptional(),
  rougeLsum: z.number().exactOptional(),
  copied: z.number().exactOptional(),
  logprob: z.number().exactOptional(),
  refLogprob: z.number().exactOptional(),
  faithfulness: z.number().exactOptional(),
  coverage: z.number().exactOptional(),
  tokens: z.int(),
  truncated: z.boolean(),
  sentinels: z.int().exactOptional(),
}) satisfies z.ZodType<Sample>;

const names = Object.keys(SampleJson.shape) as (keyof Sample)[];

/** Writes samples, atomically. */
export async function writeSamples(path: string, samples: readonly Sample[]): Promise<void> {
  await writeFileAtomic(
    path,
    samples.map((sample) => `${JSON.stringify(ordered(sample))}\n`).join(''),
  );
}

/** Its fields in one order, in whatever order they were measured: a run that goes on writes the same bytes. */
function ordered(sample: Sample): object {
  return Object.fromEntries(
    names.flatMap((name) => (name in sample ? [[name, sample[name]]] : [])),
  );
}

/**
 * Samples of a file; undefined when there is no such file.
 * @throws {InputError} naming the line that is no sample
 */
export async function readSamples(path: string): Promise<Sample[] | undefined> {
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -1);
  const encoder = new TextEncoder();
  return lines.map((line, i) =>
    parseJson(encoder.encode(line), `${path} line ${i + 1}`, SampleJson),
  );
}
