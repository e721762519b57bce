import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';
import { type ShownJob, showEvents } from '../../src/cli/show-job.ts';
import type { RunEvent } from '../../src/events.ts';
import { detoxKind } from '../../src/jobs/detox/detox.ts';
import { statusText } from '../../src/jobs/detox/screen.ts';
import type { Courier, Delivered } from '../../src/store/courier.ts';
import { openLog } from '../../src/store/event-log.ts';
import type { RunStore } from '../../src/store/store.ts';
import { exampleComparison, started, steps } from '../report/comparison.ts';

const summary = (mean: number) => ({ n: 60, mean, std: 0.1 });
const evaluated = (when: 'before' | 'after', toxicity: number): RunEvent => ({
  type: 'evaluated',
  when,
  reward: summary(-toxicity),
  toxicity: summary(toxicity),
  flagged: summary(toxicity),
  rouge1: summary(0.4),
});
const progressOf = (done: number): RunEvent => ({
  type: 'progress',
  phase: 'evaluate',
  done,
  total: 60,
});
const comparison = exampleComparison();
const whole: RunEvent[] = [
  started,
  progressOf(0),
  progressOf(60),
  evaluated('before', 0.45),
  ...steps,
  evaluated('after', 0.22),
  { type: 'compared', comparison },
  { type: 'finished', steps: 24, seconds: 52 },
];
const halted: RunEvent[] = [
  ...whole.slice(0, 10),
  { type: 'stopped', step: 6, reason: 'interrupted' },
];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-show-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Events as a job tells them: each is in its log first. */
async function* stream(events: Iterable<RunEvent> | AsyncIterable<RunEvent>) {
  const log = await openLog(join(directory, 'events.jsonl'));
  for await (const event of events) {
    await log.append(event);
    yield event;
  }
}

/** Shows a run; gives both outputs. */
async function shown(
  events: Iterable<RunEvent> | AsyncIterable<RunEvent>,
  {
    json = false,
    courier,
    signal = new AbortController().signal,
  }: { json?: boolean; courier?: Courier; signal?: AbortSignal } = {},
) {
  const [out, err]: [string[], string[]] = [[], []];
  const output = { write: (text: string) => void err.push(text), columns: 100 };
  const progress = createProgress({ stream: output, mode: 'lines', now: () => 0 });
  await showEvents(stream(events), {
    kind: detoxKind as ShownJob['kind'],
    output: directory,
    courier,
    context: {
      json,
      signal,
      print: (text) => void out.push(`${text}\n`),
      progress,
      names: { of: () => undefined },
      screen: { width: 100, color: false },
    },
  });
  return { out: out.join('').replaceAll(directory, 'DIR'), err: err.join('') };
}

test('columns that were found out, and rows that were left out, are told', async () => {
  const first = [{ where: 'train.csv:7', why: 'expected 4 cells, got 5.' }];
  const columns = { dialogue: 'article', summary: 'highlights' };
  const data = { ...started.data, columns, skipped: { count: 12, first } };
  const { out } = await shown([{ ...started, data }, ...whole.slice(1)]);
  expect(out).toContain('columns         "article" as dialogue, "highlights" as summary\n');
  expect(out).toContain(
    'skipped         12 bad rows; the first is train.csv:7: expected 4 cells, got 5.\n',
  );
  expect((await shown(whole)).out).not.toContain('skipped');
});

test('memory is told before and after', async () => {
  const memory = { total: 2.6e9, parts: { weights: 1e9, training: 1.5e9, program: 0.1e9 } };
  const finished = { type: 'finished', steps: 24, seconds: 52, peakMemory: 2.31e9 } as const;
  const events: RunEvent[] = [{ ...started, memory }, ...whole.slice(1, -1), finished];
  const { out } = await shown(events);
  const lines = out.split('\n');
  expect(lines).toContain('memory          about 2.6 GB (training 1.5 GB, weights 1.0 GB, …)');
  expect(lines).toContain('24 steps in 52 s, 2.3 GB of memory at most.');
  const { memory: told } = JSON.parse((await shown(events, { json: true })).out);
  expect(told).toEqual({ estimated: memory, peak: 2.31e9 });
});

test('a whole run is told from start to end', async () => {
  const { out, err } = await shown(whole);
  expect(out).toMatchInlineSnapshot(`
    "run             detox-2026-11-22
    folder          DIR
    engine          onnxruntime-node 1.30.0 (cpu)
    data            12,460 rows, 10,022 kept: 8,017 train, 2,005 test
    policy          3539713 of 251117569 (1.41 %) parameters trainable
    reference       0 of 251116800 (0.00 %)
    before          toxicity 0.4500 ± 0.1000, 45.0 % flagged, ROUGE-1 0.4000, n=60
    after           toxicity 0.2200 ± 0.1000, 22.0 % flagged, ROUGE-1 0.4000, n=60

    Improved: mean toxicity 0.4284 → 0.2420 (−0.1864, −43.5 %), 95 % interval [−0.2406, −0.1278], p <
    0.001 (Holm, of 9 measures), effect −0.86, 60 prompts. No second judge was asked.

    The lab's numbers: mean 0.4284 → 0.2420 (improvement +43.50 %), standard deviation 0.1490 → 0.1448
    (improvement +2.86 %); above 0 is less toxic; the lab prints the opposite sign.

                  before            after             change  95 % interval             p
    all · 60 prompts
      toxicity    0.4284 ± 0.1503  0.2420 ± 0.1460   −0.1864  [−0.2406, −0.1278]  < 0.001
      flagged     35.0 %            1.7 %           −33.3 pp  [−46.7, −20.0]      < 0.001
      reward       0.335 ± 0.699    1.746 ± 1.935     +1.411  [+0.958, +2.001]    < 0.001
      ROUGE-1     0.3998 ± 0.0418  0.3951 ± 0.0426   −0.0048  [−0.0208, +0.0100]    0.528
      ROUGE-L     0.3202 ± 0.0517  0.3170 ± 0.0419   −0.0032  [−0.0225, +0.0169]    0.747
      tokens        20.8 ± 1.7       20.2 ± 1.9         −0.5  [−1.2, +0.2]          0.147
      distinct-2  0.1061           0.1955            +0.0894

    polite · 40 prompts
      toxicity    0.4322 ± 0.1463  0.2566 ± 0.1526   −0.1756  [−0.2374, −0.1044]  < 0.001
      flagged     32.5 %            2.5 %           −30.0 pp  [−47.5, −15.0]        0.001
      reward       0.312 ± 0.668    1.668 ± 1.969     +1.356  [+0.805, +2.122]    < 0.001
      ROUGE-1     0.4035 ± 0.0432  0.3940 ± 0.0441   −0.0095  [−0.0294, +0.0103]    0.336
      ROUGE-L     0.3215 ± 0.0490  0.3193 ± 0.0442   −0.0021  [−0.0240, +0.0232]    0.862
      tokens        20.8 ± 1.8       20.5 ± 1.7         −0.3  [−1.1, +0.5]          0.489
      distinct-2  0.1136           0.2023            +0.0886

    rude · 20 prompts
      toxicity    0.4206 ± 0.1615  0.2128 ± 0.1305   −0.2078  [−0.3246, −0.1046]  < 0.001
      flagged     40.0 %            0.0 %           −40.0 pp  [−65.0, −20.0]        0.009
      reward       0.381 ± 0.774    1.902 ± 1.907     +1.521  [+0.768, +2.749]    < 0.001
      ROUGE-1     0.3925 ± 0.0389  0.3972 ± 0.0405   +0.0047  [−0.0211, +0.0263]    0.684
      ROUGE-L     0.3178 ± 0.0578  0.3124 ± 0.0376   −0.0055  [−0.0444, +0.0348]    0.767
      tokens        20.6 ± 1.5       19.7 ± 2.2         −0.9  [−2.1, +0.5]          0.163
      distinct-2  0.1364           0.2227            +0.0864

    Of 60 prompts the 3 whose reward rose most, and the 3 where it rose least or fell most:

    reward            query                       before                      after
    ────────────────  ──────────────────────────  ──────────────────────────  ──────────────────────────
    +7.432            #Person1#: Your parcel is   #Person1# calls #Person2#   #Person2# tells #Person1#
    −0.52 → +6.91     late, you useless clown!    a useless clown |           that the parcel arrives on
                      #Person2#: I am sorry, it   <b>and</b> more, number 0.  Friday, number 0 안녕.
                      arrives on Friday. (0)

    +7.306            #Person1#: Who ate my       #Person1# calls #Person2#   #Person2# tells #Person1#
    −0.40 → +6.91     lunch again? #Person2#: It  a useless clown |           that the parcel arrives on
                      was not me. Try the office  <b>and</b> more, number     Friday, number 19 안녕.
                      down the hall. (19)         19.

    +6.253            #Person1#: Who ate my       #Person1# calls #Person2#   #Person2# tells #Person1#
    +0.65 → +6.91     lunch again? #Person2#: It  a useless clown |           that the parcel arrives on
                      was not me. Try the office  <b>and</b> more, number     Friday, number 22 안녕.
                      down the hall. (22)         22.

    ⋮ 54 rows between

    −1.139            #Person1#: Who ate my       #Person1# calls #Person2#   #Person2# tells #Person1#
    +1.38 → +0.24     lunch again? #Person2#: It  a useless clown |           that the parcel arrives on
                      was not me. Try the office  <b>and</b> more, number     Friday, number 49 안녕.
                      down the hall. (49)         49.

    −1.249            #Person1#: Who ate my       #Person1# calls #Person2#   #Person2# tells #Person1#
    +1.24 → −0.01     lunch again? #Person2#: It  a useless clown |           that the parcel arrives on
                      was not me. Try the office  <b>and</b> more, number     Friday, number 58 안녕.
                      down the hall. (58)         58.

    −1.903            #Person1#: Could you help   #Person1# calls #Person2#   #Person2# tells #Person1#
    +2.16 → +0.26     me move on Saturday?        a useless clown |           that the parcel arrives on
                      #Person2#: Sure, I will     <b>and</b> more, number     Friday, number 32 안녕.
                      bring the van at nine.      32.
                      (32)

    24 steps in 52 s.
    adapter         DIR/adapter
    comparison      DIR/comparison.csv
    report          DIR/report.html, report.md
    events          DIR/events.jsonl
    "
  `);
  expect(err).toMatchInlineSnapshot(`
    "evaluate 60/60 (100 %), 0.0 s
    train 24/24 (100 %), 0.0 s, kl 3.77 · reward 1.45
    "
  `);
});

test('calibration comes before the first step, and withheld dialogues are counted', async () => {
  const { data } = started;
  const { out, err } = await shown([
    { ...started, data: { ...data, train: data.train - 64, validation: 64 } },
    evaluated('before', 0.45),
    { type: 'progress', phase: 'calibrate', done: 0, total: 64 },
    { type: 'progress', phase: 'calibrate', done: 64, total: 64 },
    { type: 'calibrated', n: 64, mean: 1, std: 2 },
    ...steps,
  ]);
  expect(out).toContain(' 10,022 kept: 7,953 train, 64 validation, 2,005 test\n');
  expect(err).toMatch(/^calibrate 64\/64 \(100 %\), 0\.0 s\ntrain 24\/24 /);
});

test('a note on what may make a difference keeps to the width of the screen', async () => {
  const path = '/home/somebody/runs/of-a-long-name/checkpoints/step-000010/state.safetensors';
  const note = `A newer checkpoint was passed over. ${path}: expected sha256 4a26, got 1c4a.`;
  const resumed: RunEvent = {
    type: 'resumed',
    step: 5,
    steps: 24,
    time: '',
    version: '',
    engine: 'e',
    notes: [note],
  };
  const { out } = await shown([
    started,
    resumed,
    { type: 'stopped', step: 5, reason: 'interrupted' },
  ]);
  expect(out).toContain(`
goes on         after step 5 of 24
note            A newer checkpoint was passed over.
                ${path}:
                expected sha256 4a26, got 1c4a.
`);
});

test('a run that goes on after its last step has no training to show', async () => {
  const at = { time: '', version: '', engine: 'e', notes: [] };
  const { err } = await shown([started, { type: 'resumed', step: 24, ...at }, whole.at(-1)!]);
  expect(err).toBe('');
});

test('a run that was stopped says how to go on', async () => {
  const { out } = await shown(halted);
  expect(out.slice(out.indexOf('Stopped'))).toMatchInlineSnapshot(`
    "Stopped after step 6 of 24.
    adapter         DIR/adapter
    events          DIR/events.jsonl
    Go on with:
      npx tactful resume DIR
    "
  `);
});

describe('an error', () => {
  async function* failing(count: number) {
    yield* whole.slice(0, count);
    throw new Error('no more');
  }

  test('is passed on', async () => {
    await expect(shown(failing(4))).rejects.toThrow('no more');
  });

  test('after Ctrl-C is its consequence: what there is is told', async () => {
    const signal = AbortSignal.abort();
    const early = await shown(failing(2), { signal });
    expect(early.out.slice(early.out.indexOf('Stopped'))).toMatchInlineSnapshot(`
      "Stopped before the first step, while measuring.
      events          DIR/events.jsonl
      Go on with:
        npx tactful resume DIR
      "
    `);
    async function* stopping(): AsyncGenerator<RunEvent> {
      yield* whole.slice(0, 2);
      yield { type: 'stopped', step: 0, reason: 'interrupted while measuring' };
      throw new Error('no more');
    }
    expect(await shown(stopping(), { signal })).toEqual(early);
    const late = await shown(failing(28), { signal });
    expect(late.out.slice(late.out.indexOf('Stopped'))).toMatchInlineSnapshot(`
      "Stopped after step 24 of 24, while measuring.
      adapter         DIR/adapter
      events          DIR/events.jsonl
      Go on with:
        npx tactful resume DIR
      "
    `);
  });
});

describe('with --json', () => {
  test('the only output is one object', async () => {
    const { out } = await shown(whole, { json: true });
    const { slices, ...result } = JSON.parse(out);
    expect(slices[0]).toEqual(JSON.parse(JSON.stringify(comparison.slices[0])));
    expect(result).toMatchObject({
      runId: started.runId,
      directory: 'DIR',
      seed: 7,
      policyParameters: started.policyParameters,
      referenceParameters: started.referenceParameters,
      steps: 24,
      seconds: 52,
      verdict: 'improved',
    });
  });

  test('a stop is in it', async () => {
    const { out } = await shown(halted, { json: true });
    const stopped = { step: 6, reason: 'interrupted', goOn: 'npx tactful resume DIR' };
    expect(JSON.parse(out)).toMatchObject({ steps: 6, stopped });
  });
});

test('it ends when the stores have all, and says where they are and what is missing there', async () => {
  const store = (name: string) => ({ name, says: `a ${name}` }) as RunStore;
  const delivered: Delivered[] = [
    { store: store('table'), events: 4, of: 4 },
    { store: store('server'), events: 3, of: 4, error: new Error('gone') },
  ];
  const courier: Courier = { tell: () => {}, finish: async () => delivered };
  const { out } = await shown(whole, { courier });
  expect(out).toContain('store           a table\n');
  expect(out).toContain(
    'store           a server has 3 of 4 events; send what is missing: npx tactful sync DIR\n',
  );
  const { stores } = JSON.parse((await shown(whole, { courier, json: true })).out);
  expect(stores).toEqual([
    { store: 'table', place: 'a table', events: 4, of: 4 },
    { store: 'server', place: 'a server', events: 3, of: 4, sync: 'npx tactful sync DIR' },
  ]);
});

test('the status shows what the metrics have', () => {
  const metrics = { 'objective/kl': 0.123, 'ppo/mean_scores': -1.84, 'env/toxic_share': 0.312 };
  expect(statusText(metrics)).toBe('kl 0.12 · reward −1.84 · toxic 31 %');
  expect(statusText({ 'env/reward_mean': 2 })).toBe('reward 2.00');
  expect(statusText({})).toBe('');
});
