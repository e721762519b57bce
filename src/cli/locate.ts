/** Finds what a command's options name, and shows what is fetched. */
import type { DownloadProgress } from '../hub/progress.ts';
import type { Named } from '../hub/sources.ts';
import { byteText } from '../report/text.ts';
import type { CommandContext } from './command.ts';

type Shown = Pick<CommandContext<unknown>, 'progress' | 'signal'>;

/** The options with paths on this disk in place of names. */
export async function located<Options extends Named>(
  options: Options,
  { progress, signal }: Shown,
): Promise<Options> {
  const { locateSources } = await import('../hub/sources.ts');
  const { local } = await locateSources(options, { signal, progress: showDownload(progress) });
  return local;
}

/** Shows downloads in megabytes. */
export function showDownload(progress: Shown['progress']) {
  return ({ what, done, total = 0, bytesPerSecond }: DownloadProgress): void => {
    const status = bytesPerSecond > 0 ? `MB, ${byteText(bytesPerSecond)}/s` : 'MB';
    const all = Math.ceil(total / 1e6);
    const megabytes = total > 0 && done >= total ? all : Math.floor(done / 1e6);
    progress.update({ phase: what, done: megabytes, total: all, status });
  };
}
