/** What was found out about this machine. I/O: answers are kept in the cache folder. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../disk/atomic.ts';
import { version } from '../disk/version.ts';
import { cpuModel } from './cpu.ts';
import type { Engine } from './engine.ts';
import { cacheFolder } from './openvino-files.ts';

/** A question, and how it is answered. */
interface Question<Answer> {
  /** Before the name of its file. */
  readonly name: string;
  /** What the answer belongs to besides the CPU and this version: of another it is another one. */
  readonly subject: Readonly<Record<string, string | number>>;
  /** Whether what was kept is an answer. */
  readonly isWhole: (kept: Partial<Answer>) => boolean;
  /** Asks anew. @default false */
  readonly again?: boolean;
  readonly ask: () => Promise<Answer>;
}

/** The answer to a question, from the cache folder where it was asked before. */
export async function keptAnswer<Answer>(question: Question<Answer>): Promise<Answer> {
  const { name, isWhole, again = false } = question;
  const subject = { ...question.subject, cpu: cpuModel(), tactful: version };
  const hash = createHash('sha256').update(JSON.stringify(subject)).digest('hex').slice(0, 16);
  const file = join(cacheFolder(), `${name}-${hash}.json`);
  const known = again ? undefined : await read<Answer>(file);
  if (known && isWhole(known)) return known as Answer;
  const result = await question.ask();
  const text = `${JSON.stringify({ ...subject, result }, null, 2)}\n`;
  // a cache that cannot be written costs the next start a second
  await writeFileAtomic(file, text).catch(() => undefined);
  return result;
}

/** An engine, as answers belong to it. */
export function engineName({ library, device }: Pick<Engine, 'library' | 'device'>): string {
  return `${library} ${device}`;
}

async function read<Answer>(file: string): Promise<Partial<Answer> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')).result;
  } catch {
    return undefined; // none, or not whole: it can be made again
  }
}
