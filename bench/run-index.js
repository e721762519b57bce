/** Windows of 100,000 rollouts out of the index over runs: filled, sorted, filtered, searched. I/O. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { randomStream } from '../dist/random.js';
import { stepFile } from '../dist/store/rollouts.js';
import { openIndex } from '../dist/store/run-index/run-index.js';
import { measure, repeat } from './measure.js';

const [runs, steps, rows, tokens] = [4, 200, 125, 24];
const words = [
  'the',
  'train',
  'is',
  'late',
  'again',
  'tomorrow',
  'sorry',
  '기차',
  '안녕하세요',
  '내일',
];

/** What is asked for, each time a window of 100. */
const windows = {
  'by step': {},
  'by score, from the 50,000th': { sort: 'score', descending: true, offset: 50_000 },
  'by entropy, one run': { runs: ['run-1'], sort: 'entropy' },
  'between two scores, by KL': { minScore: 0.2, maxScore: 0.4, sort: 'kl' },
  'one prompt in all steps': { query: 'q7' },
  'search, in most': { search: 'train', sort: 'score' },
  'search, in few': { search: '기차 late sorry', sort: 'score' },
  'search, two characters': { search: '내일', sort: 'score' },
};

/** Seconds until all is taken in, and milliseconds of a core that each window takes, after one that does not count. */
export async function runIndex({ reps }) {
  const folder = mkdtempSync(join(tmpdir(), 'tactful-bench-'));
  try {
    for (let run = 0; run < runs; run++) writeRun(join(folder, `run-${run}`), run);
    const filled = performance.now();
    const index = await openIndex(folder);
    const { total } = await index.rollouts({});
    const measures = [measure('all taken in', 's', [(performance.now() - filled) / 1000])];
    for (const [name, query] of Object.entries(windows)) {
      const { cpuSeconds } = await repeat(reps, () => index.rollouts(query));
      const milliseconds = cpuSeconds.map((one) => 1000 * one);
      measures.push(measure(name, 'ms of a core', milliseconds));
    }
    await index.close();
    return { setting: { runs, steps, rollouts: total }, measures };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function writeRun(folder, seed) {
  mkdirSync(join(folder, 'rollouts'), { recursive: true });
  const stream = randomStream(seed, ['bench', 'run-index']);
  const started = {
    type: 'started',
    runId: folder,
    job: 'detox',
    time: '',
    version: '',
    config: {},
  };
  writeFileSync(join(folder, 'events.jsonl'), `${JSON.stringify(started)}\n`);
  for (let step = 1; step <= steps; step++) {
    const lines = Array.from(
      { length: rows },
      (_, row) => `${JSON.stringify(rollout(stream, step, row))}\n`,
    );
    writeFileSync(join(folder, 'rollouts', stepFile(step)), gzipSync(lines.join(''), { level: 1 }));
  }
}

function rollout(stream, step, row) {
  const number = () => Math.fround(stream.next());
  const numbers = () => Array.from({ length: tokens }, number);
  const texts = Array.from({ length: tokens }, () => stream.pick(words));
  const [score, kl, logprob, refLogprob, advantage, value, entropy] = numbers();
  return {
    ...{ step, row, id: `d${row}`, query: `q${(step * rows + row) % 1000}` },
    ...{ response: texts.join(' '), length: tokens, truncated: false, score, parts: { score } },
    ...{ kl, logprob, refLogprob, advantage, value, return: value, entropy },
    tokens: {
      ...{ ids: texts.map((_, i) => i), texts, logprobs: numbers(), refLogprobs: numbers() },
      ...{ kls: numbers(), advantages: numbers(), values: numbers(), entropies: numbers() },
    },
  };
}
