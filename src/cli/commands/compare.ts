import { z } from 'zod';
import { languages } from '../../report/words/language.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { painter } from '../paint.ts';

const options = z.strictObject({
  rows: z.int().nonnegative().default(3).describe('Prompts whose answers are shown side by side'),
  language: z.enum(languages).default('en').describe('Language of the words: English or Korean'),
});

export const compare = defineCommand({
  name: 'compare',
  summary: 'Hold finished runs against each other: verdicts, curves, settings, answers.',
  description:
    'Each run is held against the first, on the prompts that both measured: the paired difference of ' +
    'what the two trained policies answer, with its interval, and whether it is proven (Holm, over all that are ' +
    'shown). Runs of detox and of evaluate; the folder of a comparison of semantics stands for all of its runs.',
  examples: [
    ['tactful compare runs/A runs/B', 'two runs'],
    ['tactful compare runs/A runs/B runs/C --json', 'all numbers, every prompt'],
  ],
  arguments: [{ name: 'run', description: 'Folders of finished runs', variadic: true }],
  options,
  async run({ arguments: folders, options: { rows, language }, json, print, progress, screen }) {
    if (folders.length === 0) throw new UsageError('expected the folders of runs, got nothing.');
    progress.note('reading what the runs answered');
    const { sideBySide } = await import('../../jobs/versus/side-by-side.ts');
    const some = await sideBySide(folders);
    progress.close();
    if (json) {
      print(JSON.stringify(some));
      return;
    }
    const { sideBySideText } = await import('../../report/several/side-by-side.ts');
    const bold = (text: string) => painter(screen.color)('bold', text);
    print(sideBySideText(some, { language, rows, width: screen.width, bold }));
  },
});
