/** A finished run judged by an LLM that a server of the test plays, and its files for RAGAS. */
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSamples } from '../../../src/eval/samples-file.ts';
import { writePairs } from '../../../src/jobs/detox/files.ts';
import { readEvents } from '../../../src/store/event-log.ts';
import { tactful } from '../../cli/io.ts';
import { chatServer, fail, honest, say } from '../../eval/llm/chat-server.ts';
import { scratchFolders } from '../../hub/folder.ts';
import { finishedRun } from './finished-run.ts';
import '../../setup.ts';

const scratch = scratchFolders();

const heldOut = [
  { dialogue: 'Tom saw Ann', summaries: ['Tom saw', 'Ann'], before: 'Tom hit', after: 'Tom saw' },
  { dialogue: 'the cat slept', summaries: ['cat slept'], before: 'the dog', after: 'the cat' },
];

const answering = () => chatServer((asked, response) => say(response, honest(asked)));

const lastEvent = async (run: string) => (await readEvents(join(run, 'events.jsonl'))).at(-1);

test('samples, log and report get what the model says', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const { url, requests } = await answering();
  const words = ['llm-judge', run, '--endpoint', url, '--model', 'm'];
  const { code, out, err } = await tactful([...words, '--quiet']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('4 of 4 responses judged\n6 questions asked, 0 known; 600 + 120 tokens');
  expect(out).toContain('faithfulness  0.5000 → 1.0000   +0.5000');

  const [before, after] = await Promise.all(
    ['before', 'after'].map((when) => readSamples(join(run, `samples-${when}.jsonl`))),
  );
  expect(before).toMatchObject([
    { faithfulness: 0.5, coverage: 0.5 },
    { faithfulness: 0.5, coverage: 0 },
  ]);
  expect(after).toMatchObject([
    { faithfulness: 1, coverage: 1 },
    { faithfulness: 1, coverage: 0.5 },
  ]);
  // the points are those of the data's summaries
  expect(requests[0].texts.references).toEqual(['Tom saw', 'Ann']);

  expect(await lastEvent(run)).toMatchObject({
    ...{ type: 'judged', endpoint: url, model: 'm', samples: 4, judged: 4 },
    slices: [{ name: 'all', coverage: { before: { mean: 0.25 }, after: { mean: 0.75 } } }],
  });
  const report = await readFile(join(run, 'report.md'), 'utf8');
  expect(report).toMatch(/\| coverage \| 0\.2500 .* \| 0\.7500 /);
  expect(report).toContain('said of 4 of 4 responses');

  const [pair] = (await readFile(join(run, 'samples.jsonl'), 'utf8')).split('\n');
  expect(JSON.parse(pair)).toMatchObject({
    ...{ faithfulness_before: 0.5, faithfulness_after: 1, coverage_before: 0.5, coverage_after: 1 },
    references: ['Tom saw', 'Ann'],
  });

  const again = await tactful([...words, '--json', '--quiet']);
  expect(JSON.parse(again.out)).toMatchObject({ asked: 0, known: 6, judged: 4 });
  expect(requests).toHaveLength(6);
  expect((await readdir(run)).filter((name) => name === 'lock')).toEqual([]);
});

test('another judge takes the place of what one before has said', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const { url } = await answering();
  const words = ['llm-judge', run, '--endpoint', url, '--quiet', '--json', '--model'];
  await tactful([...words, 'm']);
  const { out } = await tactful([...words, 'other', '--prompts', '1']);
  expect(JSON.parse(out)).toMatchObject({ samples: 2, judged: 2, model: 'other' });
  const samples = await readSamples(join(run, 'samples-after.jsonl'));
  expect(samples?.map(({ coverage }) => coverage)).toEqual([1, undefined]);
});

test('the references that the run has kept are taken, whatever became of the data', async () => {
  const { data, run } = await finishedRun(await scratch(), heldOut);
  const samples = await Promise.all(
    ['before', 'after'].map((when) => readSamples(join(run, `samples-${when}.jsonl`))),
  );
  await writePairs(run, samples[0]!, samples[1]!, [['kept'], []]);
  await rm(data);
  const { code, err } = await tactful(['samples', run, '--as', 'ragas', '--quiet']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = (await readFile(join(run, 'ragas-after.jsonl'), 'utf8')).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line).reference)).toEqual(['kept', undefined]);
});

test('where the data has changed, the dialogues are what the points are of, and that is told', async () => {
  const { data, run } = await finishedRun(await scratch(), heldOut);
  await writeFile(data, '{"id": "x", "dialogue": "other", "summary": "b"}\n'.repeat(3));
  const { url, requests } = await answering();
  const words = ['llm-judge', run, '--endpoint', url, '--model', 'm', '--quiet'];
  const { code, err } = await tactful(words);
  expect(code).toBe(0);
  expect(err).toMatch(/^note: References are known of 0 of 2 samples/);
  expect(requests[0].texts).toEqual({ prompt: 'Tom saw Ann' });
});

test('nothing is written where nothing was judged', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const before = await readFile(join(run, 'samples-after.jsonl'), 'utf8');
  const { url } = await chatServer((_, response) => say(response, 'no'));
  const { code, err } = await tactful(['llm-judge', run, '--endpoint', url, '--model', 'm']);
  expect(code).toBe(1);
  expect(err).toContain(
    `${url}: expected an answer to one question at least, got a reply of another form: "no". Try another --model.`,
  );
  expect(await readFile(join(run, 'samples-after.jsonl'), 'utf8')).toBe(before);
  expect(await lastEvent(run)).toMatchObject({ type: 'finished' });
});

test('a budget that is too small for one question says so', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const { url, requests } = await answering();
  const words = ['llm-judge', run, '--endpoint', url, '--model', 'm', '--budget', '1000'];
  const { code, err } = await tactful(words);
  expect(code).toBe(1);
  expect(err).toContain('got the budget is spent. Raise --budget or --budget-dollars.');
  expect(requests).toEqual([]);
});

test.each([
  [['--key-variable', 'TACTFUL_TEST_NO_SUCH'], '--key-variable: expected a variable'],
  [['--budget-dollars', '1', '--input-price', '1'], '--budget-dollars: expected --input-price'],
])('%j is refused before anybody is asked', async (more, text) => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const { url, requests } = await answering();
  const words = ['llm-judge', run, '--endpoint', url, '--model', 'm', ...more];
  const { code, err } = await tactful(words);
  expect(code).not.toBe(0);
  expect(err).toContain(text);
  expect(requests).toEqual([]);
});

test('the key of OPENAI_API_KEY goes to no other server, and no key into a file', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const { url, requests } = await answering();
  const words = ['llm-judge', run, '--endpoint', url, '--model', 'm'];
  const known = process.env.OPENAI_API_KEY;
  process.env.OPENAI_API_KEY = 'sk-secret';
  try {
    await tactful(words);
    expect(JSON.stringify(requests)).not.toContain('sk-secret');
    await tactful([...words, '--model', 'other', '--key-variable', 'OPENAI_API_KEY']);
  } finally {
    if (known === undefined) delete process.env.OPENAI_API_KEY;
    else process.env.OPENAI_API_KEY = known;
  }
  expect(requests.at(-1)?.headers.authorization).toBe('Bearer sk-secret');
  for (const name of await readdir(run)) {
    expect(await readFile(join(run, name), 'utf8')).not.toContain('sk-secret');
  }
});

test('a run that is not finished, and a folder without one, are refused', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const log = join(run, 'events.jsonl');
  const lines = (await readFile(log, 'utf8')).split('\n');
  await writeFile(log, lines.slice(0, 2).join('\n'));
  const { url } = await chatServer((_, response) => fail(response, 500, 'nobody asks'));
  const words = ['--endpoint', url, '--model', 'm'];
  const unfinished = await tactful(['llm-judge', run, ...words]);
  expect(unfinished.err).toContain(
    'expected the folder of a finished run, got one that is not finished',
  );
  const none = await tactful(['samples', await scratch(), '--as', 'ragas']);
  expect(none.err).toContain('expected the folder of a finished run, got none');
});

test('a last line that a crash cut off does not keep a run from being judged', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  await appendFile(join(run, 'events.jsonl'), '{"type":"judg');
  const { url } = await answering();
  const { code } = await tactful(['llm-judge', run, '--endpoint', url, '--model', 'm']);
  expect(code).toBe(0);
  expect(await lastEvent(run)).toMatchObject({ type: 'judged' });
});

test('the files for RAGAS have the references of the data', async () => {
  const { run } = await finishedRun(await scratch(), heldOut);
  const { code, out, err } = await tactful(['samples', run, '--as', 'ragas', '--quiet']);
  const [before, after] = ['before', 'after'].map((when) => join(run, `ragas-${when}.jsonl`));
  expect({ code, out }).toEqual({ code: 0, out: `${before}: 2 lines\n${after}: 2 lines\n` });
  expect(err).toBe(
    'note: 1 of 2 dialogues have several references: RAGAS takes one, and gets the first.\n',
  );
  const [first] = (await readFile(before, 'utf8')).split('\n');
  expect(JSON.parse(first)).toEqual({
    user_input: 'Tom saw Ann',
    retrieved_contexts: ['Tom saw Ann'],
    reference_contexts: ['Tom saw Ann'],
    response: 'Tom hit',
    reference: 'Tom saw',
  });
});
