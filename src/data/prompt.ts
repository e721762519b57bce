/** What is put around a dialogue before a policy reads it: a text, or a module of the user's. */
import { z } from 'zod';
import { loadFunction, moduleName, moduleSources } from '../disk/user-module.ts';
import { InputError } from '../errors.ts';
import { kind } from './table.ts';

/** What stands for the dialogue in a template. */
const place = '{dialogue}';

/** The prompt of the lab that FLAN-T5 was fine-tuned on there, to the byte. */
export const usualPrompt = `\nSummarize the following conversation.\n\n${place}\n\nSummary:\n`;

/** A prompt with a place for the dialogue, or the path of a module that writes prompts. */
export const promptTemplate = z
  .string()
  .refine((text) => text.split(place).length === 2 || isModule(text))
  .default(usualPrompt)
  .meta({
    expects: `a text with ${place} in it once, or a module (.ts, .js, .mjs)`,
    escapes: true,
    description: `The prompt; the dialogue stands for ${place} in it. Or a module that makes it out of a row: .ts, .js, .mjs`,
  });

/** A row of the data, as a prompt module is given it: its columns as they are, and the dialogue as one text. */
export interface PromptRow {
  readonly dialogue: string;
  readonly [column: string]: unknown;
}

/** What a prompt module exports as its default. */
export type PromptMaker = (row: PromptRow) => string | Promise<string>;

/** Whether a template is the path of a module. */
export function isModule(template: string): boolean {
  return moduleName.test(template) && !/[\n{}]/.test(template);
}

/** The template, where it is a text. */
export function templateText(template: string): string | undefined {
  return isModule(template) ? undefined : template;
}

/** The template with a dialogue in its place; both are kept to the byte. */
export function buildPrompt(dialogue: string, template: string = usualPrompt): string {
  // a function: in a text, `$&` and its like would be commands
  return template.replace(place, () => dialogue);
}

/** A dialogue, and the columns of its row where they were read. */
interface Told {
  readonly id?: string;
  readonly dialogue: string;
  readonly row?: Readonly<Record<string, unknown>>;
}

const example = 'export default ({ dialogue }) => "Summarize: " + dialogue;';

/**
 * The prompt of each dialogue.
 * @throws {InputError} when the module cannot be loaded, throws, or gives no text; names the dialogue
 */
export async function buildPrompts(
  dialogues: readonly Told[],
  template: string,
): Promise<string[]> {
  if (!isModule(template)) return dialogues.map(({ dialogue }) => buildPrompt(dialogue, template));
  const { call } = await loadFunction(template, example);
  const prompts: string[] = [];
  for (const told of dialogues) prompts.push(await made(call as PromptMaker, told, template));
  return prompts;
}

async function made(make: PromptMaker, { id, dialogue, row }: Told, path: string) {
  const where = id === undefined ? path : `${path}, dialogue ${JSON.stringify(id)}`;
  const refuse = (actual: string, cause?: unknown) =>
    new InputError(where, 'a text', actual, 'A prompt module gives a text for each row.', cause);
  let prompt: unknown;
  try {
    prompt = await make({ ...row, dialogue });
  } catch (cause) {
    throw refuse(`${cause}`.replace(/\.$/, ''), cause);
  }
  if (typeof prompt !== 'string' || prompt.trim() === '') {
    throw refuse(typeof prompt === 'string' ? 'an empty one' : kind(prompt));
  }
  return prompt;
}

/** The files of a prompt module, by what they are for; nothing for a text. */
export async function promptSources(template: string): Promise<Record<string, string>> {
  if (!isModule(template)) return {};
  return moduleSources('promptTemplate', (await loadFunction(template, example)).files);
}
