/** The JSON in what a language model wrote. Pure. */
import type { z } from 'zod';

/**
 * The answer in a reply: alone, in a fence of Markdown, behind what a model thought aloud, or between
 * sentences. Undefined when there is none, or not of the form that was asked for.
 */
export function answerIn<Answer>(reply: string, form: z.ZodType<Answer>): Answer | undefined {
  const text = reply.replace(/<think>[\s\S]*?<\/think>/gi, '');
  for (const candidate of candidatesIn(text)) {
    const { data } = form.safeParse(parsed(candidate));
    if (data !== undefined) return data;
  }
  return undefined;
}

function candidatesIn(text: string): string[] {
  const [, fenced] = /```[^\n`]*\n([\s\S]*?)```/.exec(text) ?? [];
  const [start, end] = [text.indexOf('{'), text.lastIndexOf('}')];
  return [text, ...(fenced === undefined ? [] : [fenced]), text.slice(start, end + 1)];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
