import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  buildPrompt,
  buildPrompts,
  promptTemplate,
  templateText,
  usualPrompt,
} from '../../src/data/prompt.ts';

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

describe('a prompt module', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tactful-prompt-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function write(text: string): Promise<string> {
    const path = join(folder, 'prompt.ts');
    await writeFile(path, text);
    return path;
  }

  test('is told from a text by its name', () => {
    for (const name of ['prompt.ts', './a b/prompt.mjs', 'C:\\prompts\\one.cjs']) {
      expect(promptTemplate.safeParse(name).success).toBe(true);
      expect(templateText(name)).toBeUndefined();
    }
    expect(templateText('{dialogue} see prompt.ts')).toBe('{dialogue} see prompt.ts');
    expect(promptTemplate.safeParse('prompt.py').success).toBe(false);
  });

  test('is given the columns of a row and the dialogue as one text', async () => {
    const path = await write('export default async (row) => row.topic + ": " + row.dialogue;');
    const told = [{ id: '7', dialogue: 'A: Hi.', row: { topic: 'hello', dialogue: ['A', 'Hi.'] } }];
    expect(await buildPrompts(told, path)).toEqual(['hello: A: Hi.']);
  });

  test.each([
    ['gives no text', 'export default () => 3;', 'expected a text, got the number 3.'],
    ['gives an empty one', 'export default () => " ";', 'expected a text, got an empty one.'],
    [
      'throws',
      'export default (row) => row.nothing.at(0);',
      /expected a text, got TypeError: .* A prompt module/,
    ],
  ])('that %s is refused with the dialogue', async (_, text, said) => {
    const call = buildPrompts([{ id: '7', dialogue: 'A: Hi.' }], await write(text));
    await expect(call).rejects.toThrow(said);
    await expect(call).rejects.toThrow('prompt.ts, dialogue "7": ');
  });
});

test('a text makes the prompts of dialogues as it makes one', async () => {
  expect(await buildPrompts([{ dialogue: 'A: Hi.' }], usualPrompt)).toEqual([
    buildPrompt('A: Hi.'),
  ]);
});
