/** Whether dialogues are in the language of the prompt. Pure. */
import type { Note } from '../events.ts';
import { usualPrompt } from './prompt.ts';

/** Words without which hardly any English is spoken. */
const common = /\b(?:the|you|and|that|what|to|it|we)\b/gi;
/** Dialogues that are looked at, and fewer than that say nothing. */
const [lookedAt, fewest] = [200, 20];
/** Share of dialogues with two of the words below which they are hardly English. */
const mostEnglish = 0.1;
/** Letters of a dialogue at least: of less nothing can be said. */
const fewestLetters = 30;

/** That the prompt is the usual English one and the dialogues are not. */
export function languageNote(
  dialogues: readonly { readonly dialogue: string }[],
  template: string = usualPrompt,
): Note | undefined {
  if (template !== usualPrompt) return undefined;
  const step = Math.max(1, Math.floor(dialogues.length / lookedAt));
  const texts = dialogues.flatMap(({ dialogue }, i) =>
    i % step === 0 && (dialogue.match(/\p{L}/gu)?.length ?? 0) >= fewestLetters ? [dialogue] : [],
  );
  if (texts.length < fewest) return undefined;
  const isEnglish = (text: string) =>
    new Set(text.match(common)?.map((word) => word.toLowerCase())).size >= 2;
  if (texts.filter(isEnglish).length >= mostEnglish * texts.length) return undefined;
  return {
    says: 'The dialogues seem to be in another language than English, and the instruction before them is the English one.',
    remedy: 'Set `promptTemplate` to one in their language, unless the model learnt this one.',
  };
}
