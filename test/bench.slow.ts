/** The benches, whole ones in processes of their own: `npm test` builds what they run. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Graph } from '../src/graph/graph.ts';
import { matmul } from '../src/graph/ops/linear.ts';

const of = (name: string) => new URL(`../bench/${name}`, import.meta.url);
const main = fileURLToPath(of('main.js'));
const { runBaseline } = await import(of('baseline.js').href);
const { readOptions } = await import(of('options.js').href);
const { flopCounter } = await import(of('flops.js').href);
const { phasesOf } = await import(of('phases.js').href);

/** A workload in the form of the recorded one, of a size that takes no time. */
const workload = {
  prompt_ids: [
    [5, 6, 7, 8, 1],
    [9, 10, 1],
    [11, 1],
    [12, 13, 14, 1],
  ],
  new_token_counts: [4, 2, 3, 5],
  scores: [0.5, -0.5, 1, 0],
  reward_input_ids: [
    [0, 5, 2],
    [0, 6, 7, 2],
    [0, 2],
    [0, 8, 9, 2],
    [0, 2],
  ],
  t5_config: {
    vocab_size: 32,
    d_model: 8,
    d_kv: 4,
    d_ff: 16,
    num_layers: 1,
    num_heads: 2,
    feed_forward_proj: 'gated-gelu',
    tie_word_embeddings: false,
  },
  roberta_config: {
    vocab_size: 32,
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 16,
    type_vocab_size: 1,
  },
  lora: { r: 2, lora_alpha: 2, target_modules: ['q', 'v'] },
  ppo: { learning_rate: 1e-4, ppo_epochs: 1, mini_batch_size: 2, batch_size: 4 },
};
const baseline = {
  runs: [
    {
      generate_one_by_one: { seconds: 60 },
      generate_batched16: { seconds: 20 },
      reward_32x16: { seconds: 10 },
      step: { seconds: 40 },
    },
  ],
  peak_rss_mb: 6768,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-bench-test-'));
  await writeFile(join(folder, 'workload.json'), JSON.stringify(workload));
  await writeFile(join(folder, 'baseline.json'), JSON.stringify(baseline));
});
afterAll(() => rm(folder, { recursive: true }));

function bench(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { status, out: stdout, err: stderr };
}

test('--help lists the benches and their options', () => {
  const { status, out } = bench('--help');
  expect(status).toBe(0);
  const benches = [
    'lab-step',
    'minibatch',
    'decode',
    'scaling',
    'demo-step',
    'record',
    'watched',
    'machines',
    'machines-model',
    'run-index',
    'demo',
    'cold-start',
  ];
  for (const word of [...benches, '--json', '--threads', '--workload', '--baseline', '--axis']) {
    expect(out).toContain(word);
  }
});

test('an error ends with 2, and says why', () => {
  const { status, out, err } = bench('minibatch', '--modle', 'demo');
  expect({ status, out }).toEqual({ status: 2, out: '' });
  expect(err).toContain("Unknown option '--modle'");
});

test.each([
  [['minibatch', '--modle', 'demo'], "Unknown option '--modle'"],
  [['lab-step', '--worklod', 'x'], 'Did you mean "workload"?'],
  [['minibach'], 'Did you mean "minibatch"?'],
  [['minibatch', '--steps', '3'], 'bench minibatch: expected --model'],
  [
    ['cold-start', '--threads', '3'],
    'bench cold-start: expected --against, --reps, --json, got --threads.',
  ],
  [['minibatch', '--model', 't5-bas'], 'Did you mean "t5-base"?'],
  [['scaling', '--axis', 'batches'], 'Did you mean "batch"?'],
  [['minibatch', '--reps', '0'], '--reps: expected a whole number of at least 1, got "0".'],
])('%j is an error that says why', (words, message) => {
  expect(() => readOptions(words)).toThrow(message);
});

test('minibatch --json tells times, memory, machine and engine', () => {
  const sizes = ['--batch', '2', '--source', '8', '--target', '4'];
  const words = ['minibatch', '--model', 'demo', ...sizes];
  const { status, out } = bench(...words, '--reps', '1', '--threads', '1', '--json');
  expect(status).toBe(0);
  const answer = JSON.parse(out);
  expect(answer.engine).toContain('1 thread');
  expect(answer.machine.cores).toBeGreaterThan(0);
  expect(answer.measures[0]).toMatchObject({ name: 'forward', unit: 's', count: 1 });
  expect(answer.memoryMb.forward.rss).toBeGreaterThan(0);
});

test('lab-step --json tells phases that add up, arithmetic, and how the baseline compares', () => {
  const command = 'echo loading; cat baseline.json';
  const words = ['lab-step', '--workload', 'workload.json', '--reps', '1', '--json'];
  const { status, out, err } = bench(...words, '--baseline', command);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const answer = JSON.parse(out);
  const seconds = new Map<string, number>(
    answer.measures.map(({ name, minimum }: { name: string; minimum: number }) => [name, minimum]),
  );
  const whole = seconds.get('whole iteration')!;
  const phases = ['encode', 'decode', 'reward', 'reference', 'train', 'optimiser', 'rest'];
  for (const name of phases) expect([name, seconds.get(name)! > 0]).toEqual([name, true]);
  const names = [...seconds.keys()];
  const ours = names.slice(0, names.indexOf('whole iteration'));
  const sum = ours.reduce((all, name) => all + seconds.get(name)!, 0);
  expect(sum).toBeCloseTo(whole, 9);
  expect(answer.rates['response tokens/s'].best).toBeCloseTo(14 / whole, 6);
  expect(answer.rates['GEMM, GFLOP/s'].best).toBeGreaterThan(0);
  expect(answer.arithmetic.train.runs).toBe(2); // minibatches
  expect(answer.arithmetic.train['% of GEMM']).toBeGreaterThan(0);
  // one by one or batched, half of the reward's 32 texts, and the step
  expect([seconds.get('lab'), seconds.get('hand-batched')]).toEqual([105, 65]);
  expect(answer.ratios['lab / ours'].median).toBeCloseTo(105 / whole, 6);
  expect(answer.memoryMb.baseline.rss).toBe(6768);
});

test.each([
  ['echo out; echo no torch >&2; exit 3', 'got exit code 3. It said:\nno torch'],
  ['echo done', 'expected JSON in the last line of the output, got "done"'],
  ['echo \'{"runs": [{}]}\'', 'baseline: runs: 0: generate_one_by_one: expected object'],
])('a baseline %j is an error that says why', async (command, message) => {
  await expect(runBaseline(command)).rejects.toThrow(message);
});

test('a workload whose lists do not fit together is an error that names the list', async () => {
  const file = join(folder, 'short.json');
  await writeFile(file, JSON.stringify({ ...workload, scores: [1] }));
  const { status, err } = bench('lab-step', '--workload', file);
  expect(err).toContain('short.json: scores: expected 4 rows (batch_size), got 1.');
  expect(status).toBe(1);
});

test('the arithmetic of a run follows what grows in a state', () => {
  const graph = new Graph();
  const past = graph.input('past', 'float32', ['past', 3]);
  graph.output('y', matmul(graph.input('x', 'float32', [1, 'past']), past));
  graph.output('row', graph.input('new', 'float32', [2, 3]));
  const job = { graph, keep: {}, append: { row: 'past' } };
  const count = flopCounter();
  const run = (length: number) => {
    const shapes = new Map([
      ['x', [1, length]],
      ['new', [2, 3]],
    ]);
    return count({ job, shapes, states: [7] });
  };
  expect(count({ shapes: new Map([['past', [4, 3]]]), states: [7] })).toBe(0); // a write
  expect(run(4)).toBe(2 * 4 * 3);
  expect(run(6)).toBe(2 * 6 * 3); // two rows were added
});

test('phases: gaps between decoding steps are sampling, those before a commit the optimiser', () => {
  const [policy, reference] = [0, 1];
  const run = (name: string, start: number, end: number, states = [policy]) => {
    return { name, start, end, states, flops: 10, job: {} };
  };
  const log = [
    run('encode', 0, 1000),
    run('decode, graph draws', 1000, 2000),
    run('select', 2500, 3000),
    run('classifier scoring', 3000, 4000, [2]),
    run('score', 4000, 5000, [reference]),
    run('gradient ppo', 5000, 8000),
    { name: 'write', start: 8500, end: 9000, states: [policy], flops: 0 },
  ];
  const phases = phasesOf(log, 10, { policy, reference });
  const seconds = Object.fromEntries(
    [...phases].map(([name, phase]: [string, { seconds: number }]) => [name, phase.seconds]),
  );
  expect(seconds).toEqual({
    encode: 1,
    decode: 1.5,
    sampling: 0.5,
    reward: 1,
    reference: 1,
    rescoring: 0,
    train: 3,
    optimiser: 1,
    rest: 1,
  });
  expect(phases.get('decode')).toMatchObject({ flops: 20, runs: 2 });
});

test('record tells what keeping rollouts costs', () => {
  const { status, out } = bench('record', '--reps', '1', '--json');
  expect(status).toBe(0);
  const { measures } = JSON.parse(out);
  const units = measures.map(({ unit }: { unit: string }) => unit);
  expect(units).toEqual(['s', 's', 's', '%', '%', 'kB']);
  const [without, , kept, share, , bytes] = measures;
  for (const { median } of [without, kept, share, bytes]) expect(median).toBeGreaterThan(0);
});

test('watched tells what a page and stores cost', () => {
  const { status, out } = bench('watched', '--reps', '1', '--json');
  expect(status).toBe(0);
  const { measures } = JSON.parse(out);
  const units = measures.map(({ unit }: { unit: string }) => unit);
  expect(units).toEqual(['s', 's', '%', 's', 's', '%']);
  for (const i of [0, 1, 3, 4]) expect(measures[i].median).toBeGreaterThan(0);
}, 300_000); // two whole trainings

test('cold-start measures processes', () => {
  const { status, out } = bench('cold-start', '--reps', '1');
  expect(status).toBe(0);
  expect(out).toMatch(/^detox --help, s +\d/m);
});

test('machines-model prints the tables of docs/scale.md', async () => {
  const { status, out } = bench('machines-model');
  expect(status).toBe(0);
  const page = await readFile(new URL('../docs/scale.md', import.meta.url), 'utf8');
  for (const row of out.trim().split('\n')) expect(page).toContain(row);
});
