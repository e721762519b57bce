/** I/O: the folder of a run of `detox` that is finished, without a training. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '../../../src/comparison.ts';
import { compareSamples } from '../../../src/eval/compare.ts';
import { writeSamples } from '../../../src/eval/samples-file.ts';

/** What each held-out dialogue says, its summaries, and the responses to it. */
export interface HeldOut {
  readonly dialogue: string;
  readonly summaries: readonly string[];
  readonly before: string;
  readonly after: string;
}

/** Writes data and run into a folder. @returns their paths */
export async function finishedRun(folder: string, heldOut: readonly HeldOut[]) {
  const [data, run] = [join(folder, 'data.jsonl'), join(folder, 'run')];
  const rows = heldOut.flatMap(({ dialogue, summaries }, i) =>
    summaries.map((summary) => ({ id: `d${i}`, dialogue, summary })),
  );
  const learnt = heldOut.map((_, i) => ({ id: `t${i}`, dialogue: `learnt ${i}`, summary: 'a' }));
  const lines = [...learnt, ...rows].map((row) => `${JSON.stringify(row)}\n`);
  await mkdir(run, { recursive: true });
  await writeFile(data, lines.join(''));
  const side = (when: 'before' | 'after') =>
    heldOut.map(
      (row, i): Sample => ({
        id: `d${i}`,
        query: row.dialogue,
        response: row[when],
        toxicity: when === 'before' ? 0.5 : 0.25,
        reward: 1,
        tokens: 3,
        truncated: false,
      }),
    );
  const [before, after] = [side('before'), side('after')];
  const config = { data, minimumLength: 0, testShare: 0.5, seed: 3, promptTemplate: '{dialogue}' };
  const parameters = { trainable: 1, all: 2 };
  const started = {
    ...{ type: 'started', job: 'detox', runId: 'r', time: '2026-11-29T00:00:00Z', version: '1' },
    ...{ config, engine: 'none', data: { rows: 4, kept: 4, train: 2, test: heldOut.length } },
    ...{ policyParameters: parameters, referenceParameters: parameters },
  };
  const comparison = compareSamples(before, after, { seed: 3, resamples: 100, rows: 1 });
  const events = [
    started,
    { type: 'compared', comparison },
    { type: 'finished', steps: 1, seconds: 1 },
  ];
  const log = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  await writeFile(join(run, 'events.jsonl'), log);
  await writeFile(join(run, 'config.yaml'), 'steps: 1\n');
  await writeSamples(join(run, 'samples-before.jsonl'), before);
  await writeSamples(join(run, 'samples-after.jsonl'), after);
  return { data, run };
}
