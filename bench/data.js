/** Reading, filtering and tokenising as many dialogues as DialogSum trains on. I/O. */
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { isWithin } from '../dist/data/prepare.js';
import { buildPrompt } from '../dist/data/prompt.js';
import { readExamples } from '../dist/data/read.js';
import { loadTokenizer } from '../dist/family/tokenizer.js';
import { randomStream } from '../dist/random.js';
import { measure, watchMemory } from './measure.js';

const rows = 12_460;
const words = [
  'the',
  'train',
  '"sure"',
  'tomorrow',
  'coffee',
  'please',
  'late,',
  '기차',
  '안녕',
  '😀',
];

/** Rows in DialogSum's shape: turns on lines of their own, quotes, commas, Korean and emoji. */
function* dialogues() {
  const stream = randomStream(1, ['bench', 'data']);
  const sentence = (n) => Array.from({ length: n }, () => stream.pick(words)).join(' ');
  for (let i = 0; i < rows; i++) {
    const turns = Array.from(
      { length: 4 + stream.integer(14) },
      (_, turn) => `#Person${1 + (turn % 2)}#: ${sentence(5 + stream.integer(12))}.`,
    );
    const [dialogue, summary] = [turns.join('\n'), sentence(18)];
    yield { id: `train_${i}`, dialogue, summary, topic: sentence(2) };
  }
}

const cell = (text) => `"${text.replaceAll('"', '""')}"`;
const csvLine = (row) => `${Object.values(row).map(cell).join(',')}\n`;

/** Seconds to read each format, then to tokenise what was kept. */
export async function data({ reps }) {
  const folder = mkdtempSync(join(tmpdir(), 'tactful-bench-'));
  try {
    const all = [...dialogues()];
    const csv = join(folder, 'train.csv');
    const jsonl = join(folder, 'train.jsonl');
    const json = join(folder, 'train.json');
    writeFileSync(csv, `id,dialogue,summary,topic\n${all.map(csvLine).join('')}`);
    writeFileSync(jsonl, all.map((row) => `${JSON.stringify(row)}\n`).join(''));
    writeFileSync(json, JSON.stringify(all, null, 1));
    await pipeline(createReadStream(csv), createGzip(), createWriteStream(`${csv}.gz`));
    all.length = 0;
    const memory = watchMemory();
    const measures = [];
    let kept = [];
    for (const path of [csv, `${csv}.gz`, jsonl, json]) {
      const keep = ({ dialogue }) => isWithin(dialogue);
      const seconds = await timed(reps, async () => {
        kept = (await readExamples(path, { keep })).examples;
      });
      const size = Math.round(statSync(path).size / 1e6);
      measures.push(measure(`${path.slice(folder.length + 1)}, ${size} MB`, 's', seconds));
    }
    const tokenizer = await loadTokenizer(fileURLToPath(new URL('../demo/model', import.meta.url)));
    const seconds = await timed(reps, async () => {
      await tokenizer.encodeBatch(
        kept.map(({ dialogue }) => buildPrompt(dialogue)),
        { maxLength: 512 },
      );
    });
    measures.push(measure(`tokens of ${kept.length} prompts`, 's', seconds));
    const peak = memory.peak();
    memory.stop();
    return { setting: { rows }, measures, memoryMb: { data: peak } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function timed(reps, work) {
  const seconds = [];
  for (let i = 0; i < reps; i++) {
    const start = performance.now();
    await work();
    seconds.push((performance.now() - start) / 1000);
  }
  return seconds;
}
