/** What is put around a dialogue before a policy reads it. Pure. */
import { z } from 'zod';

/** What stands for the dialogue in a template. */
const place = '{dialogue}';

/** The prompt of the lab that FLAN-T5 was fine-tuned on there, to the byte. */
export const usualPrompt = `\nSummarize the following conversation.\n\n${place}\n\nSummary:\n`;

/** A prompt with a place for the dialogue. */
export const promptTemplate = z
  .string()
  .regex(/^(?![\s\S]*\{dialogue\}[\s\S]*\{dialogue\})[\s\S]*\{dialogue\}/)
  .default(usualPrompt)
  .meta({
    expects: `a text with ${place} in it once`,
    escapes: true,
    description: `The prompt; the dialogue stands for ${place} in it`,
  });

/** The template with a dialogue in its place; both are kept to the byte. */
export function buildPrompt(dialogue: string, template: string = usualPrompt): string {
  // a function: in a text, `$&` and its like would be commands
  return template.replace(place, () => dialogue);
}
