import { expect, test } from 'vitest';
import { buildPrompt, promptTemplate, usualPrompt } from '../../src/data/prompt.ts';

test('the usual prompt is that of the lab, to the byte', () => {
  const prompt = '\nSummarize the following conversation.\n\nA: Hi.\n\nSummary:\n';
  expect(buildPrompt('A: Hi.')).toBe(prompt);
  expect(buildPrompt('A: Hi.', promptTemplate.parse(undefined))).toBe(prompt);
});

test('a template is kept to the byte, and so is a dialogue that looks like a command', () => {
  const dialogue = "A: It costs $& and $1, not $$ or {dialogue}.\nB: $'";
  expect(buildPrompt(dialogue, 'Перескажи:\n{dialogue}\t')).toBe(`Перескажи:\n${dialogue}\t`);
});

test('a template has the place of the dialogue once', () => {
  expect(promptTemplate.safeParse(usualPrompt).success).toBe(true);
  expect(promptTemplate.safeParse('{dialogue}').success).toBe(true);
  for (const wrong of ['', 'Summarize:', '{dialogue}\n{dialogue}', '{ dialogue }', '{Dialogue}']) {
    expect(promptTemplate.safeParse(wrong).success).toBe(false);
  }
});
