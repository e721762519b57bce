import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { showDownload } from '../locate.ts';

const options = z.strictObject({
  revision: z
    .string()
    .min(1)
    .default('main')
    .meta({ placeholder: 'branch' })
    .describe('Branch to commit to; it is made where there is none'),
  private: z.boolean().default(false).describe('Make a new repository private'),
  message: z
    .string()
    .min(1)
    .default('Upload by tactful')
    .meta({ placeholder: 'text' })
    .describe('Title of the commit'),
});

export const push = defineCommand({
  name: 'push',
  summary: 'Put a folder on the Hugging Face hub: an adapter, a merged or an exported model.',
  description:
    'One commit with all files of the folder but what a job keeps there for itself (log, settings, ' +
    'checkpoints); the repository is made where there is none, and files that it has besides stay. The token is that of HF_TOKEN, or of the file that `hf auth login` writes.',
  examples: [
    ['tactful push runs/RUN/adapter NAME/my-adapter', 'the adapter of a run'],
    ['tactful push merged NAME/my-model --private', 'a model that others do not see'],
  ],
  arguments: [
    { name: 'folder', description: 'What merge, export or a run wrote' },
    { name: 'repository', description: 'owner/name' },
  ],
  options,
  async run({ arguments: [folder, repository], options, signal, json, print, progress }) {
    if (folder === undefined || repository === undefined) {
      throw new UsageError('expected a folder and a repository (owner/name).');
    }
    const { pushFolder } = await import('../../export/push.ts');
    const { private: isPrivate, ...rest } = options;
    const address = await pushFolder(folder, repository, {
      ...rest,
      ...(isPrivate && { private: true }),
      signal,
      progress: showDownload(progress),
    });
    progress.close();
    print(json ? JSON.stringify({ address }) : address);
  },
});
