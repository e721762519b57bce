/** I/O: the summaries that the data has of a run's held-out prompts, read once more. */
import { z } from 'zod';
import { dialogueFields, promptFields } from '../../data/config.ts';
import { dataSources, readDialogues } from '../../data/dialogues.ts';
import { fingerprint } from '../../disk/fingerprint.ts';
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

/** References of each sample of a run's side, and what has to be known of them. */
export interface References {
  readonly references: readonly (readonly string[])[];
  readonly notes: readonly Note[];
}

/**
 * References by the data that the run read, where it is still there and the same; else those of the
 * rows that the comparison shows.
 */
export async function referencesOf(run: RunRecord, signal?: AbortSignal): Promise<References> {
  const found = await ofData(run, signal);
  if (typeof found !== 'string') return { references: found, notes: [] };
  const references = ofRows(run);
  const some = references.filter(({ length }) => length > 0).length;
  const says = `References are known of ${some} of ${references.length} samples, those that the comparison shows: the data is not to be had as it was (${found}).`;
  return { references, notes: [{ says }] };
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
