import { z } from 'zod';
import { counted } from '../../report/text.ts';
import { defineCommand } from '../command.ts';
import { folder } from '../options.ts';

const options = z.strictObject({
  as: z.enum(['ragas']).default('ragas').describe('Layout: that of data sets of RAGAS 0.4'),
  output: folder('Folder of the files (default: that of the run)').optional(),
});

export const samples = defineCommand({
  name: 'samples',
  summary: "Write a finished run's responses as other tools read them: RAGAS.",
  description:
    'Writes ragas-before.jsonl and ragas-after.jsonl, a line a dialogue: user_input is the prompt, ' +
    'which is also the context; response the first response, multi_responses all where there are ' +
    'several; reference the first summary of the data.',
  examples: [['tactful samples runs/RUN', 'beside the other files of the run']],
  arguments: [{ name: 'run', description: 'Folder of the run', required: true }],
  options,
  async run({ arguments: [run], options: { output }, signal, note, print, json }) {
    const { writeRagas } = await import('../../jobs/detox/ragas.ts');
    const { files, notes } = await writeRagas(run, { output, signal });
    notes.forEach(note);
    const lines = files.map(({ path, rows }) => `${path}: ${counted(rows, 'line')}`);
    print(json ? JSON.stringify({ files, notes }) : lines.join('\n'));
  },
});
