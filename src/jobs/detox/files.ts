/** I/O: what a detox run keeps in its folder beside the log. Formats: docs/formats.md. */
import { join } from 'node:path';
import type { LoraConfig } from '../../adapter/peft.ts';
import type { ValueHeadFile } from '../../adapter/value-head-file.ts';
import { mendFolder, writeFileAtomic, writeFolderAtomic } from '../../disk/atomic.ts';
import { InputError } from '../../errors.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import { readSamples, writeSamples } from '../../eval/samples-file.ts';
import type { Sample } from '../../events.ts';
import { adapterCard } from '../../export/card.ts';
import { saveAdapter } from '../../model/save.ts';
import type { LearnerState } from '../../rl/learner-state.ts';
import type { Tensors } from '../../tensor.ts';
import { type CheckpointRecord, type Latest, openCheckpoints } from './checkpoint.ts';
import { type Dump, writeDump } from './dump.ts';

const checkpointsName = 'checkpoints';

/** The best adapter so far. */
export interface Best {
  readonly step: number;
  /** By which it was chosen. */
  readonly metric: string;
  readonly value: number;
}

/** Where a run's files go. Each is there whole or not at all. */
export interface RunFiles {
  /**
   * What the starting policy answered to these prompts; undefined when nobody has asked it yet.
   * @throws {InputError} when the file is about other prompts
   */
  readSamples(prompts: readonly Prompt[]): Promise<Sample[] | undefined>;
  writeSamples(when: 'before' | 'after', samples: readonly Sample[]): Promise<void>;
  /** @returns the checkpoint's folder, within the run's */
  writeCheckpoint(state: LearnerState, record: CheckpointRecord): Promise<string>;
  writeAdapter(tensors: Tensors): Promise<void>;
  writeBest(tensors: Tensors, best: Best): Promise<void>;
  /** @returns its folder */
  writeDump(dump: Dump): Promise<string>;
}

/** The files of the run in a folder. */
export function runFiles(
  output: string,
  {
    lora,
    keep,
    version,
    valueHeadFile,
    prompt,
  }: {
    readonly lora: LoraConfig | undefined;
    readonly keep: number;
    readonly version: string;
    readonly valueHeadFile: ValueHeadFile;
    /** What was put around the dialogues. */
    readonly prompt: string | undefined;
  },
): RunFiles {
  const at = (name: string) => join(output, name);
  const samplesPath = at('samples-before.jsonl');
  const checkpoints = openCheckpoints(at(checkpointsName), { keep, valueHeadFile });
  const writeAdapter = async (name: string, tensors: Tensors, best?: Best) => {
    if (!lora) return;
    await writeFolderAtomic(at(name), async (folder) => {
      await saveAdapter(folder, lora, tensors, { valueHeadFile });
      await writeFileAtomic(join(folder, 'README.md'), adapterCard(lora, { version, prompt }));
      if (best) await writeFileAtomic(join(folder, 'best.json'), `${JSON.stringify(best)}\n`);
    });
  };
  return {
    async readSamples(prompts) {
      const samples = await readSamples(samplesPath);
      if (samples) expectSamplesOf(prompts, samples, samplesPath);
      return samples;
    },
    writeSamples: (when, samples) => writeSamples(at(`samples-${when}.jsonl`), samples),
    writeCheckpoint: async (state, record) =>
      `${checkpointsName}/${await checkpoints.write(state, record, lora)}`,
    writeAdapter: (tensors) => writeAdapter('adapter', tensors),
    writeBest: (tensors, best) => writeAdapter('best', tensors, best),
    async writeDump(dump) {
      await writeDump(at('dump'), dump);
      return at('dump');
    },
  };
}

/**
 * The newest whole checkpoint of the run in a folder, after removing what a killed process left.
 * @throws {InputError} when there are checkpoints and none is whole
 */
export async function latestCheckpoint(output: string): Promise<Latest> {
  await mendFolder(output);
  return openCheckpoints(join(output, checkpointsName), { keep: 1 }).latest();
}

function expectSamplesOf(
  prompts: readonly Prompt[],
  samples: readonly Sample[],
  where: string,
): void {
  const same = samples.every(({ id, query }, i) => {
    const { id: wanted, text } = prompts[i] ?? {};
    return id === wanted && query === text; // ids may be shared
  });
  if (same && prompts.length === samples.length) return;
  const remedy = 'Remove the file, and they are measured again.';
  throw new InputError(where, `samples of the ${prompts.length} prompts`, 'others', remedy);
}
