import { z } from 'zod';
import { languages } from '../../report/words/language.ts';
import { defineCommand } from '../command.ts';
import { expectVerdict, requireOption } from '../required.ts';

const options = z.strictObject({
  language: z
    .enum(languages)
    .optional()
    .describe('Language of the reports: English or Korean (default: that of the run)'),
  ...requireOption,
});

export const report = defineCommand({
  name: 'report',
  summary: 'Make the reports of a finished run again, from its log and its samples.',
  description:
    'Nothing is measured: what the run answered lies in its folder, of earlier versions too. The ' +
    'statistics are those of this version.',
  examples: [
    ['tactful report runs/RUN', 'the reports as this version writes them'],
    ['tactful report runs/RUN --language ko', 'in Korean'],
  ],
  arguments: [{ name: 'run', description: 'Folder of a finished run', required: true }],
  options,
  async run({ arguments: [folder], options: { language, require }, json, print, progress }) {
    progress.note('reading what the run answered');
    const { remakeReports } = await import('../../jobs/detox/remake.ts');
    const { files, verdict } = await remakeReports(folder, { language });
    progress.close();
    print(json ? JSON.stringify({ directory: folder, files, verdict }) : files.join('\n'));
    expectVerdict(verdict, require);
  },
});
