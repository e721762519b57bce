/** I/O: what a detox run keeps in its folder beside what all jobs keep. Formats: docs/formats.md. */
import { join } from 'node:path';
import type { LoraConfig } from '../../adapter/peft.ts';
import type { ValueHeadFile } from '../../adapter/value-head-file.ts';
import type { ComparisonRow, Sample } from '../../comparison.ts';
import { writeFileAtomic } from '../../disk/atomic.ts';
import { guarded, outputInstead } from '../../disk/words.ts';
import { InputError } from '../../errors.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import { readSamples, writeSamples } from '../../eval/samples-file.ts';
import { adapterCard, type CardFacts } from '../../export/card.ts';
import type { CardResults } from '../../export/card-results.ts';
import { saveAdapter } from '../../model/save.ts';
import { comparisonColumns, csv } from '../../store/csv.ts';
import { parquetBytes } from '../../store/parquet.ts';
import { samplesTable } from '../../store/samples-table.ts';
import type { Tensors } from '../../tensor.ts';
import { type Dump, writeDump } from './dump.ts';

interface FileOptions {
  readonly lora: LoraConfig | undefined;
  readonly valueHeadFile: ValueHeadFile;
  /** Of tactful the version, and what was put around the dialogues. */
  readonly card: Pick<CardFacts, 'version' | 'prompt'>;
}

/** The files of the run in a folder, each there whole or not at all; none without a folder. */
export function detoxFiles(output: string | undefined, { lora, valueHeadFile, card }: FileOptions) {
  if (output === undefined) return undefined;
  const at = (name: string) => join(output, name);
  const files = {
    /**
     * What the starting policy answered to these prompts; undefined when nobody has asked it yet.
     * @throws {InputError} when the file is about other prompts
     */
    async readSamples(
      prompts: readonly Prompt[],
      samplesPerPrompt: number,
    ): Promise<Sample[] | undefined> {
      const path = at('samples-before.jsonl');
      const samples = await readSamples(path);
      if (samples) expectSamplesOf(prompts, { samples, samplesPerPrompt }, path);
      return samples;
    },
    writeSamples: (when: string, samples: readonly Sample[]) =>
      writeSamples(at(`samples-${when}.jsonl`), samples),
    /** The adapter, and a card beside it. */
    async saveAdapter(folder: string, tensors: Tensors): Promise<void> {
      if (!lora) return;
      await saveAdapter(folder, lora, tensors, { valueHeadFile });
      await writeFileAtomic(join(folder, 'README.md'), adapterCard(lora, card));
    },
    /** The card beside the result once more, with what was measured. */
    async writeCard(results: CardResults): Promise<void> {
      if (lora)
        await writeFileAtomic(at('adapter/README.md'), adapterCard(lora, { ...card, results }));
    },
    /** The adapter alone, in `adapter/`. */
    async saveBare(folder: string, tensors: Tensors): Promise<void> {
      if (lora) await saveAdapter(join(folder, 'adapter'), lora, tensors, { valueHeadFile });
    },
    writePairs: (...pairs: Pairs) => writePairs(output, ...pairs),
    /** `comparison.jsonl` and `comparison.csv`. */
    async writeComparison(rows: readonly ComparisonRow[]): Promise<void> {
      for (const [name, text] of Object.entries(comparisonFiles(rows)))
        await writeFileAtomic(at(name), text);
    },
    /** @returns its folder */
    async writeDump(dump: Dump): Promise<string> {
      await writeDump(at('dump'), dump);
      return at('dump');
    },
  };
  return guarded(files, { path: output, instead: outputInstead });
}

/** `comparison.jsonl` and `comparison.csv` by their names. */
export function comparisonFiles(rows: readonly ComparisonRow[]): Record<string, string> {
  return {
    'comparison.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    'comparison.csv': csv(comparisonColumns, rows),
  };
}

type Pairs = [
  before: readonly Sample[],
  after: readonly Sample[],
  references: readonly (readonly string[])[],
];

/** `samples.jsonl` and `samples.parquet` of a run's folder: all samples, a row a pair. */
export async function writePairs(folder: string, ...pairs: Pairs): Promise<void> {
  const table = samplesTable(...pairs);
  const lines = table.rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFileAtomic(join(folder, 'samples.jsonl'), lines);
  await writeFileAtomic(join(folder, 'samples.parquet'), await parquetBytes(table));
}

function expectSamplesOf(
  prompts: readonly Prompt[],
  { samples, samplesPerPrompt }: { samples: readonly Sample[]; samplesPerPrompt: number },
  where: string,
): void {
  const n = prompts.length;
  const same = samples.every(({ id, query, sample = 0 }, i) => {
    const { id: wanted, text } = prompts[i % n] ?? {};
    return id === wanted && query === text && sample === Math.floor(i / n); // ids may be shared
  });
  if (same && samplesPerPrompt * n === samples.length) return;
  const each = samplesPerPrompt === 1 ? '' : `${samplesPerPrompt} `;
  const remedy = 'Remove the file, and they are measured again.';
  throw new InputError(where, `${each}samples of the ${n} prompts`, 'others', remedy);
}
