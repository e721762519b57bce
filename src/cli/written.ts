/** What commands that write a model's folder share. */
import { z } from 'zod';
import type { WrittenFiles } from '../export/merged-folder.ts';
import { byteText } from '../report/text.ts';
import type { CommandContext } from './command.ts';

export const modelFolderOptions = {
  baseModel: z
    .string()
    .min(1)
    .optional()
    .meta({ placeholder: 'owner/name' })
    .describe("The model's name on the hub, for README.md (default: as its files have it)"),
};

/** Shows how many megabytes have been written, each number once. */
export function showBytes({ progress }: Pick<CommandContext<unknown>, 'progress'>, phase: string) {
  let shown = -1;
  return (bytes: number, all: number) => {
    const total = Math.ceil(all / 1e6);
    const done = bytes < all ? Math.floor(bytes / 1e6) : total;
    if (done > shown) progress.update({ phase: `${phase}, MB`, done, total });
    shown = done;
  };
}

/** What was written, and where the card says how to load it. */
export function wroteText(
  output: string,
  { files, bytes }: Pick<WrittenFiles, 'files' | 'bytes'>,
  ...more: string[]
): string {
  const lines = [`${output}: ${files.join(', ')} (${byteText(bytes)})`];
  return [...lines, 'README.md there says how to load it.', ...more].join('\n');
}
