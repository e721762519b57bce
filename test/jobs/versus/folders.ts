/** Folders of finished runs, made of made-up samples. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '../../../src/comparison.ts';
import { compareSamples } from '../../../src/eval/compare.ts';
import { writeSamples } from '../../../src/eval/samples-file.ts';
import type { RunEvent } from '../../../src/events.ts';
import { randomStream } from '../../../src/random.ts';
import { finished, started, steps } from '../../report/comparison.ts';

export interface Made {
  /** Mean toxicity after. */
  readonly after?: number;
  readonly seed?: number;
  /** The first prompt's number. */
  readonly from?: number;
  readonly job?: string;
  readonly isFinished?: boolean;
}

/** n samples of prompts `from` on. */
export function samplesOf(name: string, toxicity: number, { n = 60, from = 0 } = {}): Sample[] {
  const stream = randomStream(5, [name, toxicity]);
  return Array.from({ length: n }, (_, i) => {
    const p = Math.min(0.99, Math.max(0.01, toxicity + 0.2 * stream.normal()));
    const response = `${name} says ${i}`;
    const measured = { toxicity: p, reward: 1 - p, rouge1: 0.5, tokens: 5, truncated: false };
    return { id: `t${i}`, query: `Talk ${from + i}`, response, ...measured };
  });
}

/** A folder as a run leaves it. */
export async function runFolder(folder: string, made: Made = {}): Promise<string> {
  const { after: toxicity = 0.1, seed = 7, from = 0, job = 'detox', isFinished = true } = made;
  const before = samplesOf('before', 0.5, { from });
  const after = samplesOf('after', toxicity, { from });
  const comparison = compareSamples(before, after, { seed });
  const events: RunEvent[] = [
    { ...started, config: { ...started.config, seed } },
    ...steps,
    ...(isFinished ? [{ type: 'compared' as const, comparison }, finished] : []),
  ];
  await mkdir(folder, { recursive: true });
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  const log = text.replace('{"type":"started"', `{"type":"started","job":"${job}"`);
  await writeFile(join(folder, 'events.jsonl'), log);
  await writeSamples(join(folder, 'samples-before.jsonl'), before);
  await writeSamples(join(folder, 'samples-after.jsonl'), after);
  return folder;
}
