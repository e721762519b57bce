/** I/O: answers of LLM judges, kept in a file so that nobody is asked the same twice. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readIfPresent } from '../../disk/json.ts';
import { promptVersion, type Question } from './questions.ts';
import { answerIn } from './reply.ts';

const Line = z.object({ key: z.string(), reply: z.string() });

/** Answers by what was asked, of whom. */
export interface Answers {
  get<Answer>(question: Question<Answer>): Answer | undefined;
  /** Keeps a reply that holds a right answer; it is on disk when the promise resolves. */
  put(question: Question<unknown>, reply: string): Promise<void>;
}

/**
 * Opens such a file, one answer a line; a line that cannot be read, as one that was being written in a
 * crash, is left out.
 * @param judge who is asked: another model, or one at another place, has answers of its own
 */
export async function openAnswers(path: string, judge: object): Promise<Answers> {
  const text = new TextDecoder().decode((await readIfPresent(path)) ?? new Uint8Array());
  const known = new Map<string, string>();
  for (const line of text.split('\n')) {
    const { data } = Line.safeParse(lineOf(line));
    if (data) known.set(data.key, data.reply);
  }
  await mkdir(dirname(path), { recursive: true });
  let isTorn = text !== '' && !text.endsWith('\n');
  let last: Promise<void> = Promise.resolve();
  const keyOf = ({ messages }: Question<unknown>) =>
    createHash('sha256')
      .update(JSON.stringify([promptVersion, judge, messages]))
      .digest('hex');
  return {
    get(question) {
      const reply = known.get(keyOf(question));
      return reply === undefined ? undefined : answerIn(reply, question.answer);
    },
    put(question, reply) {
      const key = keyOf(question);
      known.set(key, reply);
      const line = `${isTorn ? '\n' : ''}${JSON.stringify({ key, reply })}\n`;
      isTorn = false;
      last = last.catch(() => {}).then(() => appendFile(path, line));
      return last;
    },
  };
}

function lineOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
