/** I/O: the summaries of a run's held-out prompts: those that it kept, or those of the data, read once more. */
import { join } from 'node:path';
import { z } from 'zod';
import { dialogueFields, promptFields } from '../../data/config.ts';
import { dataSources, readDialogues } from '../../data/dialogues.ts';
import { fingerprint } from '../../disk/fingerprint.ts';
import { parseJson, readIfPresent } from '../../disk/json.ts';
import type { TactfulError } from '../../errors.ts';
import type { Note } from '../../events.ts';
import { locateSources } from '../../hub/sources.ts';
import type { RunRecord } from './record.ts';

/** What decides which dialogues a run has read; a record of another version may lack some, or have more. */
const DataSettings = z.object({
  data: z.string(),
  dataRevision: z.string().optional(),
  testDataRevision: z.string().optional(),
  ...dialogueFields,
  ...promptFields,
  groupColumn: z.string().optional(),
});

const PairJson = z.object({
  id: z.string(),
  query: z.string(),
  references: z.array(z.string()),
});

/** References of each sample of a run's side, and what has to be known of them. */
export interface References {
  readonly references: readonly (readonly string[])[];
  readonly notes: readonly Note[];
}

/**
 * References that the run has kept; of a run of an earlier version by the data that the run read, where it is still there and the same; else those of the
 * rows that the comparison shows.
 */
export async function referencesOf(run: RunRecord, signal?: AbortSignal): Promise<References> {
  const kept = await ofPairs(run);
  if (kept) return { references: kept, notes: [] };
  const found = await ofData(run, signal);
  if (typeof found !== 'string') return { references: found, notes: [] };
  const references = ofRows(run);
  const some = references.filter(({ length }) => length > 0).length;
  const says = `References are known of ${some} of ${references.length} samples, those that the comparison shows: the data is not to be had as it was (${found}).`;
  return { references, notes: [{ says }] };
}

/** Of `samples.jsonl`, where the run has that and it is about the same samples. */
async function ofPairs({ folder, after }: RunRecord): Promise<readonly string[][] | undefined> {
  const path = join(folder, 'samples.jsonl');
  const lines = new TextDecoder()
    .decode(await readIfPresent(path))
    .split('\n')
    .slice(0, -1);
  const encoder = new TextEncoder();
  const pairs = lines.map((line, i) =>
    parseJson(encoder.encode(line), `${path} line ${i + 1}`, PairJson),
  );
  const isSame = pairs.every(({ id, query }, i) => id === after[i]?.id && query === after[i].query);
  return isSame && pairs.length === after.length ? pairs.map((pair) => pair.references) : undefined;
}

/** @returns why there are none, in words */
async function ofData(
  { started, after }: RunRecord,
  signal: AbortSignal | undefined,
): Promise<string[][] | string> {
  const { data: config } = DataSettings.safeParse(started.config);
  if (!config) return 'its settings are not of this version';
  try {
    const { data, dataRevision, testData, testDataRevision } = config;
    const named = { data, dataRevision, testData, testDataRevision };
    const { local } = await locateSources(named, { signal });
    const settings = { ...config, ...local, data: local.data ?? data };
    const now = await fingerprint(await dataSources(settings));
    const then = started.fingerprints ?? now;
    const other = Object.keys(now).find((name) => now[name] !== then[name]);
    if (other !== undefined) return `${other} has changed`;
    const { test } = await readDialogues({ ...settings, summaries: 'where given' });
    const prompts = Math.max(1, new Set(after.map(({ sample = 0 }) => sample)).size);
    const each = after.length / prompts;
    const dialogues = after.map((_, i) => test[i % each]);
    if (dialogues.some((one, i) => one?.id !== after[i].id)) return 'other dialogues are held out';
    return dialogues.map(({ summaries }) => [...summaries]);
  } catch (error) {
    if (signal?.aborted) throw error;
    const { message, remedy = '' } = error as Partial<TactfulError>;
    // what to do about it is for those who start a run
    return String(message).replace(remedy, '').trim().replace(/\.$/, '');
  }
}

/** Of the rows that the comparison shows; the others have none. */
function ofRows({ comparison, after }: RunRecord): string[][] {
  const { rows = [], extremes } = comparison ?? {};
  const shown = [...rows, ...(extremes?.best ?? []), ...(extremes?.worst ?? [])];
  const known = new Map(shown.map(({ query, references }) => [query, references]));
  return after.map(({ query }) => [...(known.get(query) ?? [])]);
}
