/** Rows with the same dialogue are one prompt with several references. Pure. */
import type { Note } from '../events.ts';
import type { Example } from './examples.ts';
import { counted, grouped, quoted } from './words.ts';

/** Dialogues, each once, and what was found in their rows. */
export interface Merged {
  readonly examples: Example[];
  readonly notes: readonly Note[];
}

/**
 * Each dialogue once, in the order of its first row, with the summaries of all its rows and their number. Blanks around
 * a dialogue do not count; id, topic and group are those of the first row.
 * @param where the rows are, for messages
 * @param groupColumn name of the column that holds the group
 */
export function mergeRepeats(
  rows: readonly Example[],
  where: string,
  groupColumn = 'tone',
): Merged {
  const byDialogue = new Map<string, Example[]>();
  for (const row of rows) {
    const key = row.dialogue.trim();
    const same = byDialogue.get(key);
    if (same) same.push(row);
    else byDialogue.set(key, [row]);
  }
  const all = [...byDialogue.values()];
  const examples = all.map((same) => (same.length === 1 ? same[0] : merged(same)));
  const notes: Note[] = [];
  if (all.length < rows.length) {
    const says =
      `${where}: ${counted(rows.length, 'row')} hold ${counted(all.length, 'dialogue')}, ` +
      `${timesOf(all)}: each is one prompt, and its summaries are references together; it is trained on as often as it is there.`;
    notes.push({ says });
  }
  const torn = all.filter((same) => same.some(({ group }) => group !== same[0].group)).length;
  if (torn > 0) {
    const says = `${where}: the rows of ${counted(torn, 'repeated dialogue')} differ in ${groupColumn}.`;
    notes.push({ says, remedy: 'The value of the first row counts.' });
  }
  return { examples, notes: [...notes, ...sharedIds(examples, where)] };
}

function merged(same: readonly Example[]): Example {
  return { ...same[0], summaries: [...new Set(same.flatMap((row) => row.summaries))], rows: same };
}

/** `each 3 times`, `some up to 5 times` */
function timesOf(all: readonly (readonly unknown[])[]): string {
  const most = all.reduce((max, { length }) => Math.max(max, length), 0);
  return all.every(({ length }) => length === most) ? `each ${most} times` : `some ${most} times`;
}

/** Ids that several dialogues have. */
function sharedIds(examples: readonly Example[], where: string): Note[] {
  const counts = new Map<string, number>();
  for (const { id } of examples) counts.set(id, (counts.get(id) ?? 0) + 1);
  if (counts.size === examples.length) return [];
  const [id, most] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  const says =
    `${where}: ${counted(examples.length, 'dialogue')} have ${counted(counts.size, 'id')} ` +
    `(${quoted(id)} names ${grouped(most)}): they are told apart by their order.`;
  return [{ says }];
}

/** The dialogues to train on without those that are held out. */
export function withoutHeldOut(
  train: readonly Example[],
  test: readonly Example[],
): { train: Example[]; notes: readonly Note[] } {
  const heldOut = new Set(test.map(({ dialogue }) => dialogue.trim()));
  const rest = train.filter(({ dialogue }) => !heldOut.has(dialogue.trim()));
  const both = train.length - rest.length;
  if (both === 0) return { train: rest, notes: [] };
  const says = `Left out of the training: ${counted(both, 'dialogue')} that the held-out part has as well.`;
  return { train: rest, notes: [{ says }] };
}
