import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readExamples, readTexts } from '../../src/data/read.ts';
import { scratchFolders } from '../hub/folder.ts';
import { examplesIn } from './rows.ts';

const folder = scratchFolders();

async function written(name: string, text: string): Promise<string> {
  const path = join(await folder(), name);
  await writeFile(path, text);
  return path;
}

const line = (fields: object) => `${JSON.stringify({ id: 'a', summary: 's', ...fields })}\n`;
const dialogueIn = async (fields: object) => (await examplesIn('jsonl', line(fields)))[0].dialogue;

const [hello, bye] = ['Hello, "you"!', 'Bye\n😀'];
const both = `A: ${hello}\nB: ${bye}`;

test.each<[string, object, string]>([
  [
    'messages of OpenAI',
    {
      messages: [
        { role: 'A', content: hello },
        { role: 'B', content: bye },
      ],
    },
    both,
  ],
  [
    'messages in parts',
    {
      messages: [
        { role: 'A', content: [{ type: 'text', text: hello }] },
        {
          role: 'B',
          content: [
            { type: 'text', text: 'Bye' },
            { type: 'text', text: '😀' },
          ],
        },
      ],
    },
    both,
  ],
  [
    'ShareGPT',
    {
      conversations: [
        { from: 'A', value: hello },
        { from: 'B', value: bye },
      ],
    },
    both,
  ],
  [
    'speaker and utterance',
    {
      dialogue: [
        { speaker: 'A', utterance: hello },
        { speaker: 'B', utterance: bye },
      ],
    },
    both,
  ],
  [
    'speaker and text, with other fields and capitals',
    {
      turns: [
        { Id: 1, Speaker: 'A', Text: hello },
        { Id: 2, Speaker: 'B', Text: bye },
      ],
    },
    both,
  ],
  [
    'name and content',
    {
      dialogue: [
        { name: 'A', content: hello },
        { name: 'B', content: bye },
      ],
    },
    both,
  ],
  [
    'an author who is an object',
    {
      log: [
        { author: { name: 'A' }, content: hello },
        { author: { name: 'B' }, content: bye },
      ],
    },
    both,
  ],
  [
    'spans of Telegram',
    { dialogue: [{ from: 'A', text: ['see ', { type: 'link', text: 'x.org' }, ' now'] }] },
    'A: see x.org now',
  ],
  [
    'speakers who are numbers',
    {
      dialogue: [
        { speaker: 0, text: 'x' },
        { speaker: 1, text: 'y' },
      ],
    },
    '0: x\n1: y',
  ],
  ['turns of nobody', { dialogue: [{ text: 'x' }, { text: 'y' }] }, 'x\ny'],
  [
    "what both say, DialogStudio's",
    {
      log: [
        { 'user utterance': 'x', 'system response': 'y' },
        { 'user utterance': 'z', 'system response': '' },
      ],
    },
    'user: x\nsystem: y\nuser: z',
  ],
  ['texts', { dialog: ['A: x', 'B: y'] }, 'A: x\nB: y'],
  [
    'pairs of speaker and text',
    {
      dialogue: [
        ['A', 'x'],
        ['B', 'y'],
        ['A', 'z'],
      ],
    },
    'A: x\nB: y\nA: z',
  ],
  ['lists by field', { turns: { speaker: ['A', 'B'], utterance: [hello, bye] } }, both],
  [
    'an object that holds them',
    { dialogue: { id: 3, messages: [{ role: 'A', content: 'x' }] } },
    'A: x',
  ],
])('turns as %s are lines of speaker and text', async (_, fields, expected) => {
  expect(await dialogueIn(fields)).toBe(expected);
  const [[name, value]] = Object.entries(fields);
  const text = JSON.stringify(value);
  if (!text.startsWith('[')) return;
  const csv = `id,${name},summary\na,"${text.replaceAll('"', '""')}",s\n`;
  expect((await examplesIn('csv', csv))[0].dialogue).toBe(expected);
});

test.each<[string, unknown, string]>([
  ['no turns', [], 'got an empty list'],
  ['numbers', [1, 2], 'got a list that begins with the number 1'],
  ['other fields', [{ a: 'x', b: 'y' }], 'got a list that begins with an object with "a", "b"'],
  ['questions and answers as pairs', [['hi', 'hello']], 'got a list that begins with a list'],
  ['texts and turns', ['x', { text: 'y' }], 'got a list that begins with a text'],
  ['an object', { a: 1 }, 'got an object with "a"'],
  ['turns without words', [{ role: 'A', content: ' ' }], 'got turns without words.'],
  ['a text that is an object', [{ role: 'A', content: { a: 1 } }], 'got a list that begins with'],
])('a dialogue of %s is refused', async (_, dialogue, message) => {
  const read = examplesIn('jsonl', line({ dialogue }));
  await expect(read).rejects.toThrow(/^f:1: expected a text( or turns)? in "dialogue", /);
  await expect(read).rejects.toThrow(message);
});

test.each([
  '[Phone rings] A: Hello? [laughs]',
  '[1] A: Hello. [2]',
  '[]',
  "['A: it's broken']",
  '[1, 2, 3]',
  '[A, B]',
  '{A} says {B}',
  "['a', 'b'] and more",
])('%j is a text that merely looks like a list', async (text) => {
  expect(await dialogueIn({ dialogue: text })).toBe(text);
});

test('which turns were joined, by which fields, and what was left out, is told', async () => {
  const call = { role: 'A', content: null, tool_calls: [{}] };
  const image = { role: 'B', content: [{ type: 'image' }, { type: 'text', text: 'y' }] };
  const path = await written(
    'rows.jsonl',
    line({ messages: [{ role: 'A', content: 'x' }, call, image] }) +
      line({ messages: [{ role: 'A', content: 'z' }], summary: ['p', 'q', 'p', ' '] }),
  );
  const { examples, notes } = await readExamples(path);
  expect(examples.map(({ dialogue }) => dialogue)).toEqual(['A: x\nB: y', 'A: z']);
  expect(examples.map(({ summaries }) => summaries)).toEqual([['s'], ['p', 'q']]);
  expect(notes.map(({ says }) => says)).toEqual([
    `${path}: 2 rows: the dialogue is a list of turns, joined as "speaker: text" lines by "role" and "content".`,
    `${path}: 1 row: turns without words are left out of the dialogue.`,
    `${path}: 1 row: parts of turns that are no text are left out of the dialogue.`,
    `${path}: 1 row: "summary" is a list of texts; each is a reference.`,
  ]);
});

// what pandas 3.1.1 writes of lists, and of numpy's arrays as they come out of Parquet
test.each([
  [
    `[{'role': 'user', 'content': 'hi'}, {'role': 'bot', 'content': 'it\\'s\n"ok"'}]`,
    `['a', "it's"]`,
  ],
  [
    `[{'role': 'user', 'content': 'hi'}\n {'role': 'bot', 'content': 'it\\'s\n"ok"'}]`,
    `['a' "it's"]`,
  ],
  [
    `{'role': array(['user', 'bot'], dtype=object), 'content': array(['hi', 'it\\'s\n"ok"'],\n      dtype=object)}`,
    `("a", 'it\\'s')`.replace('(', '[').replace(')', ']'),
  ],
])('what Python writes into a cell is read: %j', async (dialogue, summary) => {
  const cells = [dialogue, summary].map((cell) => `"${cell.replaceAll('"', '""')}"`);
  const path = await written('rows.csv', `id,dialogue,summary\na,${cells.join(',')}\n`);
  const { examples, notes } = await readExamples(path);
  const expected = { id: 'a', dialogue: 'user: hi\nbot: it\'s\n"ok"', summaries: ['a', "it's"] };
  expect(examples).toEqual([expected]);
  expect(notes.map(({ says }) => says)).toEqual([
    `${path}: 1 row: "summary" is a list of texts (written as text); each is a reference.`,
    `${path}: 1 row: the dialogue is a list of turns, joined as "speaker: text" lines by "role" and "content" (written as text).`,
  ]);
});

test('summaries of one turn are its text, of other things an error', async () => {
  const summaries = async (summary: unknown) =>
    (await examplesIn('jsonl', line({ dialogue: 'd', summary })))[0].summaries;
  expect(await summaries([{ role: 'assistant', content: 'x' }])).toEqual(['x']);
  expect(await summaries([null, 'x'])).toEqual(['x']);
  expect(await summaries('[sic] x')).toEqual(['[sic] x']);
  await expect(summaries([])).rejects.toThrow('expected a summary, got an empty one.');
  await expect(summaries('[ ]')).rejects.toThrow('expected a summary, got an empty one.');
  await expect(
    summaries([
      { role: 'a', content: 'x' },
      { role: 'b', content: 'y' },
    ]),
  ).rejects.toThrow(
    'f:1: expected a text in "summary", got a list that begins with an object with "role", "content". Write it as one text, or as a list of texts.',
  );
});

test('score reads turns, and one summary a row', async () => {
  const path = await written(
    'rows.jsonl',
    line({ dialogue: [{ role: 'A', content: 'x' }], summary: ['p'] }),
  );
  expect((await readTexts(path, { field: 'dialogue' })).texts).toEqual(['A: x']);
  expect((await readTexts(path)).texts).toEqual(['p']);
  const two = await written('rows.jsonl', line({ summary: ['p', 'q'] }));
  await expect(readTexts(two, { strict: true })).rejects.toThrow(
    'expected one text in "summary", got a list of 2. Write each in a row of its own.',
  );
});

test('columns that often mean something else are taken where there is no usual one', async () => {
  const path = await written('rows.jsonl', line({ turns: 2, text: 'd' }));
  expect((await readExamples(path)).guessed).toEqual({ dialogue: 'text' });
  const other = await written('rows.jsonl', line({ turns: ['d'] }));
  expect((await readExamples(other)).guessed).toEqual({ dialogue: 'turns' });
});
