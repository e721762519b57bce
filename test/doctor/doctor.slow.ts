import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { readAdapter, writeAdapter } from '../../src/adapter/peft.ts';
import { checkWeights } from '../../src/doctor/adapter.ts';
import { type DoctorEvent, doctor } from '../../src/doctor/doctor.ts';
import { type Exam, examine } from '../../src/doctor/exam.ts';
import type { Finding, Verdict } from '../../src/doctor/finding.ts';
import { checkGradient } from '../../src/doctor/gradient.ts';
import { type Intake, intake } from '../../src/doctor/intake.ts';
import {
  checkClassifierLength,
  checkPromptLength,
  checkResponseLength,
} from '../../src/doctor/lengths.ts';
import { gradientOf, lessonOf } from '../../src/doctor/lesson.ts';
import {
  checkBatches,
  checkDeterminism,
  checkFinite,
  checkGeneration,
} from '../../src/doctor/numerics.ts';
import { checkCorrections, checkEvaluation, checkKlController } from '../../src/doctor/plan.ts';
import { checkPromptShare, checkToxicLabel } from '../../src/doctor/reward.ts';
import { checkWarpers } from '../../src/doctor/sampling.ts';
import { insulting, kind } from '../../src/doctor/sentences.ts';
import { checkRatio } from '../../src/doctor/start.ts';
import { DetoxConfig } from '../../src/jobs/detox/config.ts';
import { setUp } from '../../src/jobs/detox/setup.ts';
import type { Closable } from '../../src/jobs/kind.ts';
import { presets } from '../../src/jobs/presets.ts';
import { randomStream } from '../../src/random.ts';
import { correctionNames } from '../../src/rl/trl/corrections.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32 } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { shallowAdapter, shallowT5 } from '../shallow.ts';

type Options = Partial<z.input<typeof DetoxConfig>>;

const scratch = scratchFolders();
let engine: Engine;
/** A random T5, the demo's classifier, dialogues of DialogSum cut to their first turns. */
let sound: Options;
/** The same dialogues, whole. */
let long: string;
beforeAll(async () => {
  engine = await testEngine();
  const folder = await scratch();
  const text = await readFile(goldenPath('data', 'dialogsum.dev.jsonl'), 'utf8');
  const rows = text.split('\n', 200).map((line) => JSON.parse(line));
  const short = rows.map((row) => {
    return { ...row, dialogue: row.dialogue.split('\n', 3).join('\n') };
  });
  const write = async (name: string, those: readonly object[]) => {
    await writeFile(join(folder, name), those.map((row) => JSON.stringify(row)).join('\n'));
    return join(folder, name);
  };
  long = await write('long.jsonl', rows);
  sound = {
    model: await shallowT5(join(folder, 'model')),
    data: await write('short.jsonl', short),
    adapter: await shallowAdapter(join(folder, 'adapter')),
    rewardModel: presets.demo.rewardModel,
    minimumLength: 0,
    maximumLength: 100_000,
    maxQueryTokens: 500,
    maxNewTokens: 6,
    batchSize: 16,
    miniBatchSize: 4,
    horizon: 100,
  };
});
afterAll(() => engine.close());

const configOf = (options: Options) => DetoxConfig.parse({ ...sound, ...options });

async function eventsOf(options: Options = {}): Promise<DoctorEvent[]> {
  const events: DoctorEvent[] = [];
  for await (const event of doctor(configOf(options), { engine })) events.push(event);
  return events;
}

async function findingsOf(options: Options = {}): Promise<Finding[]> {
  const events = await eventsOf(options);
  return events.flatMap((event) => (event.type === 'finding' ? [event.finding] : []));
}

/** What is wrong, in a word each. */
function complaints(findings: readonly Finding[]): string[] {
  const wrong = findings.filter(({ status }) => status !== 'ok');
  return wrong.map(({ check, status, defect }) => [status, check, defect ?? ''].join(' ').trim());
}

// the policy is random: it seldom ends, says every token, and 40 held-out dialogues are few
const unavoidable = ['warning response-length', 'warning sentinels', 'warning evaluation D3'];

describe('a whole check-up', () => {
  test('of a sound run has no error, a sentence for every check, and progress to the end', async () => {
    const events = await eventsOf();
    const findings = events.flatMap((event) => (event.type === 'finding' ? [event.finding] : []));
    expect(complaints(findings)).toEqual(unavoidable);
    expect(findings.map(({ check }) => check)).toEqual([
      'files',
      'data',
      'data',
      'adapter',
      'adapter-weights',
      'value-head',
      'prompt-length',
      'unknown-tokens',
      'rouge',
      'memory',
      'kl-controller',
      'checkpoints',
      'rollouts',
      'judges',
      'reference',
      'ratio',
      'reward-label',
      'toxic-label',
      'prompt-share',
      'warpers',
      'corrections',
      'response-length',
      'sentinels',
      'classifier-length',
      'evaluation',
      'batches.policy',
      'batches.classifier',
      'generation',
      'gradient.adapter',
      'gradient.value-head',
      'determinism',
      'finite',
    ]);
    for (const { says, status, remedy } of findings) {
      expect(says).toMatch(/^(\/\S+\.jsonl: )?[A-Z0-9].*\.$/); // what is said of a file begins with it
      expect(says).not.toMatch(/NaN(?! or)|undefined|Infinity/);
      if (status === 'ok') expect(remedy).toBeUndefined();
      else expect(remedy).toMatch(/^[A-Z].*\.$/);
    }
    expect(JSON.parse(JSON.stringify(findings))).toEqual(findings);
    const last = events.at(-1);
    expect(last?.type === 'progress' && last.done === last.total).toBe(true);
  });

  test('names every one of the mistakes that settings alone can make', async () => {
    const mistakes = {
      data: long,
      reference: 'base',
      scoreOn: 'pair',
      minLength: 5,
      samples: 11,
      steps: 10,
      horizon: 10_000,
      checkpointEvery: 0,
    } as const;
    expect(complaints(await findingsOf(mistakes))).toEqual([
      'warning kl-controller D11',
      'warning checkpoints D10',
      'error reference D1',
      'warning prompt-share D6',
      'warning warpers D8',
      'warning response-length',
      'warning sentinels',
      'warning classifier-length', // the demo's classifier reads 256 tokens
      'warning evaluation D3',
    ]);
  });

  test("names what is wrong with TRL 0.8.0's semantics and the lab's reward", async () => {
    const found = complaints(
      await findingsOf({ data: long, compat: 'trl-0.8.0', minNewTokens: 3 }),
    );
    expect(found).toEqual([
      'error reference D1',
      'error reward-label D5',
      'warning prompt-share D6',
      'warning warpers D8',
      'warning corrections.scoresFirstToken D9',
      'warning corrections.keepsDecoderStart D9',
      'warning corrections.stripsSpecialTokens D7',
      'warning corrections.skipsWholeStep',
      'warning response-length',
      'warning sentinels',
      'warning classifier-length',
      'warning evaluation D3',
    ]);
  });

  test('sees that the reward has the sign reversed', async () => {
    const found = await findingsOf({ rewardLabel: 'hate', toxicLabel: 'nothate' });
    expect(complaints(found)).toEqual(['error reward-label', 'error toxic-label', ...unavoidable]);
    const { says, remedy } = found.find(({ check }) => check === 'reward-label')!;
    expect(says).toMatch(/kind sentences −3\.\d\d, of 12 insulting ones \+3\.\d\d: insults would/);
    expect(remedy).toContain('--reward-label');
  });

  test('refuses an adapter with NaN by the name of the tensor, as detox does', async () => {
    const { config, tensors } = await readAdapter(sound.adapter!);
    const [[name, { data, shape }]] = tensors;
    const broken = new Map(tensors).set(name, float32(data.slice().fill(Number.NaN, 0, 1), shape));
    const adapter = await scratch();
    await writeAdapter(adapter, { config, tensors: broken });
    await expect(findingsOf({ adapter })).rejects.toThrow(
      `${name}: expected finite numbers, got NaN (1 of`,
    );
  });

  test('refuses what detox refuses, in the same words', async () => {
    const options = { evaluateEvery: 1, validationSamples: 10_000 };
    await expect(findingsOf(options)).rejects.toThrow(
      /^`validationSamples`: expected fewer than the \d+/,
    );
  });

  test('ends where no response leaves anything to learn from', async () => {
    const found = await findingsOf({ compat: 'trl-0.8.0', maxNewTokens: 2, missingEosPenalty: 0 });
    expect(found.at(-1)).toMatchObject({ check: 'sampling', status: 'error' });
    expect(found.at(-1)?.says).toMatch(/^responses: expected one .* got none of 64\. /);
  });

  test('stops where it is told to', async () => {
    const controller = new AbortController();
    const read = async () => {
      for await (const event of doctor(configOf({}), { engine, signal: controller.signal })) {
        if (event.type === 'finding') controller.abort();
      }
    };
    await expect(read()).rejects.toThrow('aborted');
  });
});

describe('single checks', () => {
  const opened: Closable[] = [];
  let exam: Exam;
  beforeAll(async () => {
    exam = await examOf({});
  });
  afterAll(async () => {
    for (const part of opened) await part.close();
  });

  async function intakeOf(options: Options): Promise<Intake> {
    const config = configOf(options);
    return intake(config, await setUp({ local: config, pinned: config }, engine, opened));
  }

  async function examOf(options: Options): Promise<Exam> {
    const sampling = examine(await intakeOf(options));
    for (;;) {
      const { done, value } = await sampling.next();
      if (done) return value;
    }
  }

  /** A run with other settings that learns from the exam's responses. */
  async function learnerOf(options: Options) {
    const patient = await intakeOf(options);
    const lesson = await lessonOf(patient, exam.few.slice(0, 4));
    const result = await gradientOf(patient, lesson);
    return { ...patient, lesson: async () => ({ lesson, result }) };
  }

  /** The exam with other settings: they count for what has not been sampled yet. */
  function withSettings(
    options: Partial<Exam['rl']>,
    generation: Partial<Exam['rl']['generation']> = {},
  ) {
    const rl = { ...exam.rl, ...options };
    return { ...exam, rl: { ...rl, generation: { ...rl.generation, ...generation } } };
  }

  const statusOf = (verdict: Verdict) => [verdict.status, verdict.defect].filter(Boolean).join(' ');

  test('no insult is among the kind sentences, and there are as many of both', async () => {
    expect(kind).toHaveLength(insulting.length);
    const logits = await exam.judge.logits([...kind, ...insulting]);
    const isKind = logits.map(([nothate, hate]) => nothate > hate);
    expect(isKind).toEqual([...kind.map(() => true), ...insulting.map(() => false)]);
  });

  test('a share of the variance is that of the prompt, up to which it is harmless', () => {
    const random = randomStream(1, ['scores']);
    // variance 9 between prompts, 1 within them: a share of 0.9
    const offsets = Array.from({ length: 16 }, () => 3 * random.normal());
    const scores = exam.scores.map((_, i) => offsets[Math.floor(i / 4)] + random.normal());
    const verdict = checkPromptShare({ ...exam, scores });
    expect(statusOf(verdict)).toBe('warning');
    const share = Number(/explains (\d+) %/.exec(verdict.says)?.[1]);
    expect(share).toBeGreaterThan(80);
    expect(share).toBeLessThan(97);
    const groups = { ...withSettings({ algorithm: 'rloo' }), scores };
    expect(statusOf(checkPromptShare(groups))).toBe('ok');
  });

  test('a reward that is the same for all teaches nothing', () => {
    const scores = exam.scores.map(() => 1.25);
    const verdict = checkPromptShare({ ...exam, scores });
    expect(statusOf(verdict)).toBe('error');
    expect(verdict.says).toContain('1.250');
  });

  test('groups of equal scores have no advantages', () => {
    const scores = exam.scores.map((_, i) => Math.floor(i / 4) + (i === 0 ? 1 : 0));
    const verdict = checkPromptShare({ ...withSettings({ algorithm: 'grpo' }), scores });
    expect(statusOf(verdict)).toBe('warning');
    expect(verdict.says).toContain('15 prompts have one score for all');
  });

  test('a warper is measured by what it takes away', async () => {
    expect(statusOf(await checkWarpers(exam))).toBe('ok');
    const topK = await checkWarpers(withSettings({}, { topK: 5 }));
    expect(statusOf(topK)).toBe('warning D8');
    // the random T5 spreads its probability over all of its vocabulary
    expect(Number(/It is (\d+\.\d+) % of/.exec(topK.says)?.[1])).toBeGreaterThan(10);
    expect(topK.remedy).toBe('Sample from all of it: `topK` 0.');
    const both = await checkWarpers(withSettings({}, { topP: 0.9, minNewTokens: 2 }));
    expect(both.says).toMatch(/^`topP` 0\.9 and `minNewTokens` 2 take /);
    expect(both.remedy).toBe('Sample from all of it: `topP` 1 and `minNewTokens` 0.');
    expect(statusOf(await checkWarpers(withSettings({}, { minLength: 1 })))).toBe('ok');
    expect(statusOf(await checkWarpers(withSettings({}, { sample: false })))).toBe('error');
  });

  test('only corrections that show are warned of', () => {
    const semantics = { ...exam.semantics, clipsEveryStep: false, shufflesByKey: false };
    const [verdict, ...more] = checkCorrections({ ...exam, semantics });
    expect(more).toEqual([]);
    expect(verdict).toMatchObject({ status: 'ok' });
    expect(verdict.says).toContain('clipsEveryStep and shufflesByKey');
    const clipped = { ...withSettings({ maxGradNorm: 1 }), semantics };
    expect(checkCorrections(clipped).map(({ status, part }) => [status, part])).toEqual([
      ['warning', 'clipsEveryStep'],
      ['ok', undefined],
    ]);
    const [all] = checkCorrections(exam);
    expect(all.says).toContain(`All ${correctionNames.length} corrections`);
  });

  test('prompts, responses and judged texts are measured against their limits', async () => {
    const short = { ...exam, config: { ...exam.config, maxQueryTokens: 20 } };
    const prompts = checkPromptLength(short);
    expect(prompts).toMatchObject({ status: 'warning' });
    const [, longest] = /the longest has (\d+)/.exec(prompts.says)!;
    expect(prompts.remedy).toContain(`\`maxQueryTokens\` ${longest}`);

    const whole = exam.rollouts.map((rollout) => ({ ...rollout, truncated: false }));
    expect(checkResponseLength({ ...exam, rollouts: whole }).map(statusOf)).toEqual(['ok']);
    const empty = whole.map((rollout) => ({ ...rollout, text: ' ' }));
    expect(checkResponseLength({ ...exam, rollouts: empty })[0]).toMatchObject({ part: 'empty' });
    const samples = exam.samples.map((sample, i) => (i < 3 ? undefined : sample));
    const [refused] = checkResponseLength({ ...exam, rollouts: whole, samples });
    expect(refused).toMatchObject({ status: 'error', defect: 'D9', part: 'mask' });
    expect(refused.says).toMatch(/^3 of 64 /);

    const long = whole.map((rollout) => ({ ...rollout, text: 'one two '.repeat(300) }));
    const [judged] = await checkClassifierLength({ ...exam, rollouts: long });
    expect(judged).toMatchObject({ status: 'warning' });
    expect(judged.says).toMatch(/^64 of 64 responses are longer than the 256 tokens/);
  });

  test('the KL coefficient moves by (1 + 0.2 batch / horizon)^steps at most', () => {
    const verdict = checkKlController(withSettings({ steps: 10, horizon: 10_000 }));
    expect(statusOf(verdict)).toBe('warning D11');
    expect(verdict.says).toContain('between 0.199 and 0.201 in 10 steps of 16 responses');
    const fixed = checkKlController(withSettings({ adapKlCtrl: false, horizon: 10_000 }));
    expect(statusOf(fixed)).toBe('ok');
  });

  test('a comparison is weighed by the spread of answers to one prompt', () => {
    // one of two answers is flagged: variance 1/3 within a prompt, 2/3 of a difference
    const judgements = exam.judgements.map((one, i) => ({ ...one, toxicity: i % 2 }));
    const seen = (samples: number, heldOut: number) =>
      checkEvaluation({
        ...exam,
        judgements,
        config: { ...exam.config, samples },
        sizes: { ...exam.sizes, test: heldOut },
      });
    // 2.8016 √(2/3 / 400) = 0.1144
    const enough = seen(400, 1000);
    expect(statusOf(enough)).toBe('ok');
    expect(enough.says).toContain('by 11.4 points or more');
    const few = seen(11, 1000);
    expect(statusOf(few)).toBe('warning D3');
    expect(few.remedy).toBe('Use --samples 100 to see a halving.');
    expect(seen(500, 20).remedy).toMatch(/^A halving takes 100 prompts and 20 are held out/);
  });

  test('labels that hardly tell sentences apart are a warning, not an error', async () => {
    const judge: Exam['judge'] = {
      ...exam.judge,
      judge: async (pairs) => pairs.map((_, i) => ({ toxicity: 0.5 + 0.001 * i, reward: 0 })),
    };
    expect(statusOf(await checkToxicLabel({ ...exam, judge }))).toBe('warning');
  });

  test('an adapter that can never learn is seen by its weights and by its gradient', async () => {
    const tensors = new Map(
      [...exam.policy.parameters.tensors].map(([name, { data, shape }]) => [
        name,
        float32(new Float32Array(data.length), shape),
      ]),
    );
    const { parameters } = exam.policy;
    const policy = proxy(exam.policy, { parameters: { ...parameters, tensors } });
    expect(statusOf(checkWeights({ ...exam, policy }))).toBe('error');
    const { lesson, result } = await exam.lesson();
    const nothing = { lesson, result: { ...result, gradients: tensors } };
    const verdicts = await checkGradient({ ...exam, lesson: async () => nothing });
    expect(verdicts.map(statusOf)).toEqual(['error', 'error']);
  });

  test.each(['ppo', 'rloo', 'grpo'] as const)(
    'the gradient of %s agrees with central differences, and leaves the parameters as they are',
    async (algorithm) => {
      const subject = algorithm === 'ppo' ? exam : await learnerOf({ algorithm });
      const before = structuredClone(subject.policy.parameters.tensors);
      const verdicts = await checkGradient(subject);
      expect(verdicts.map(statusOf)).toEqual(algorithm === 'ppo' ? ['ok', 'ok'] : ['ok']);
      expect(subject.policy.parameters.tensors).toEqual(before);
    },
  );

  test('a value loss that is kept out of the adapter is no wrong gradient', async () => {
    const detached = await learnerOf({ detachValue: true, valueHead: 'uniform', vfCoef: 1 });
    expect((await checkGradient(detached)).map(statusOf)).toEqual(['ok', 'ok']);
  });

  test.each([
    ['a tenth too large', (data: Float32Array) => data.map((x) => 1.1 * x)],
    ['in the wrong order', (data: Float32Array) => data.toReversed()],
    ['cut short', (data: Float32Array) => data.map((x, i) => (i % 2 ? x : 0))],
  ])('a gradient that is %s is an error', async (_, spoil) => {
    const { lesson, result } = await exam.lesson();
    const gradients = new Map(
      [...result.gradients].map(([name, tensor]) => [
        name,
        { ...tensor, data: spoil(tensor.data) },
      ]),
    );
    const spoilt = { lesson, result: { ...result, gradients } };
    const [verdict] = await checkGradient({ ...exam, lesson: async () => spoilt });
    expect(statusOf(verdict)).toBe('error');
  });

  test('a policy whose results depend on the batch, the time or the graph is caught', async () => {
    let calls = 0;
    const drifting = proxy(exam.policy, {
      score: async (sequences, options) =>
        (await exam.policy.score(sequences, options)).map((row) => ({
          ...row,
          logprobs: row.logprobs.map((x) => x + 0.05 * sequences.length + 0.01 * calls++),
        })),
      generate: async (...parameters) => {
        const made = await exam.policy.generate(...parameters);
        return made.map((one) => ({ ...one, response: [...one.response, made.length] }));
      },
    });
    const subject = { ...exam, policy: drifting };
    expect((await checkBatches(subject)).map(statusOf)).toEqual(['error', 'ok']);
    expect(statusOf(await checkGeneration(subject))).toBe('error');
    const determinism = await checkDeterminism(subject);
    expect(determinism.says).toContain('differs in scores');
    expect(determinism.says).not.toContain('samples');
    expect(statusOf(await checkRatio(subject))).toBe('error');
  });

  test('a number that is not finite is named by its place', async () => {
    const scores = exam.scores.with(3, Number.NaN);
    const verdict = await checkFinite({ ...exam, scores });
    expect(verdict).toMatchObject({ status: 'error', says: 'Not finite: rewards.' });
  });
});

/** An object with some of its members replaced; the others keep their own `this`. */
function proxy<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get(object, key) {
      if (Object.hasOwn(members, key)) return members[key as keyof T];
      const value = object[key as keyof T];
      return typeof value === 'function' ? value.bind(object) : value;
    },
  });
}
