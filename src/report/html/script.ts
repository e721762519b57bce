/** I/O: the script of the page, which `npm run build` makes of src/page/. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Undefined where it was not built: the page then lacks the table of samples, and a run its end for no reason. */
export async function pageScript(): Promise<string | undefined> {
  try {
    const path = createRequire(import.meta.url).resolve('#report-page');
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
