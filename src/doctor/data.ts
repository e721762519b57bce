/** What the rows of the data are like as a whole: the notes with which the run would start. */
import type { Note } from '../events.ts';
import { counted, grouped } from '../report/text.ts';
import { ok, type Verdict, warning } from './finding.ts';
import type { Intake } from './intake.ts';

/** Each note of the data; those that say what to do are warnings. */
export function checkData({ ofData, sizes }: Intake): Verdict[] {
  const { rows, dialogues, train, test } = sizes;
  const different = dialogues === undefined ? '' : `, ${grouped(dialogues)} different dialogues`;
  const says = `${counted(rows, 'row')}${different}: ${grouped(train)} to train on, ${grouped(test)} held out.`;
  const verdicts = ofData.map((note: Note) =>
    note.remedy === undefined ? ok(note.says) : warning(note.says, note.remedy),
  );
  return [ok(says), ...verdicts];
}
