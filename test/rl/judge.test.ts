import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import type { Classifier } from '../../src/model/classifier.ts';
import { loadClassifier } from '../../src/model/load.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import {
  classifierJudge,
  classifierReward,
  type Judge,
  type JudgeOptions,
} from '../../src/rl/judge.ts';
import { scoreRollouts } from '../../src/rl/reward.ts';
import type { Rollout } from '../../src/rl/rollout.ts';
import { type LabOptions, labReward } from '../../src/rl/trl/lab-reward.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath } from '../golden.ts';

type Scored = { label: string; score: number };
interface Pipeline {
  texts: string[];
  runs: { kwargs: Record<string, unknown>; truncation: boolean; outputs: Scored[][] }[];
}

const noise = { atol: 2e-4, rtol: 1e-4 }; // logits in float32, as the goldens' README allows
let engine: Engine;
let classifier: Classifier;
let tokenizer: Tokenizer;
let policyTokenizer: Tokenizer;
let texts: string[];
/** What the lab's pipeline answers: labels sorted by their logit. */
let outputs: Scored[][];
beforeAll(async () => {
  engine = await testEngine();
  classifier = await loadClassifier(engine, goldenPath('roberta', 'model'));
  tokenizer = await loadTokenizer(goldenPath('roberta', 'model'));
  policyTokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  const pipeline = await goldenJson<Pipeline>('roberta', 'pipeline.json');
  texts = pipeline.texts;
  const lab = pipeline.runs.find(
    ({ kwargs }) => kwargs.top_k === null && kwargs.function_to_apply === 'none',
  );
  outputs = lab!.outputs;
});
afterAll(async () => {
  await classifier.close();
  await engine.close();
});

const judgeOf = (scoreOn: JudgeOptions['scoreOn'], labels = {}): Judge =>
  classifierJudge({
    classifier,
    tokenizer,
    rewardLabel: 'nothate',
    toxicLabel: 'hate',
    scoreOn,
    ...labels,
  });

const scoresOf = async (...asked: Parameters<typeof scoreRollouts>) =>
  (await scoreRollouts(...asked)).scores;

function rollout(query: string, text: string, ids: Partial<Record<'q' | 'r', number[]>> = {}) {
  const made: Rollout = {
    query: { id: '', text: query, ids: ids.q ?? [] },
    response: ids.r ?? [],
    truncated: false,
    text,
  };
  return made;
}

const of = (label: string) => outputs.map((row) => row.find((item) => item.label === label)!.score);

describe('D5: which label pays', () => {
  /** The lab's reward of the pipeline's texts that are not empty: byte-level BPE carries any text. */
  async function labRewards() {
    const rows = await tokenizer.encodeBatch(texts, { addSpecialTokens: false });
    const filled = [...rows.keys()].filter((i) => rows[i].length > 0);
    const rewards = new Map<number, number>();
    for (const i of filled) {
      // a limit of its own length, so that no decoder start comes before it
      const generation = GenerationConfig.parse({ maxNewTokens: rows[i].length });
      const reward = labReward(judgeOf('response'), { tokenizer, startIds: [0], generation });
      const [score] = await scoresOf(reward, [rollout('', '', { r: rows[i] })]);
      rewards.set(i, score);
    }
    return rewards;
  }

  test('the lab pays the largest logit, whatever its label', async () => {
    const rewards = await labRewards();
    const first = [...rewards.keys()].map((i) => outputs[i][0].score);
    expect([...rewards.values()]).toBeAllClose(first, noise);
  });

  test('so the lab pays more for a text, the surer it is of hate', async () => {
    const rewards = await labRewards();
    const hateful = outputs.flatMap(([{ label, score }], i) =>
      rewards.has(i) && label === 'hate' && score > 0 ? [i] : [],
    );
    expect(hateful.length).toBeGreaterThan(0);
    for (const i of hateful) {
      expect(rewards.get(i)).toBeGreaterThan(0);
      expect(rewards.get(i)).toBeGreaterThan(of('nothate')[i]);
    }
  });

  test('ours is the logit of the reward label', async () => {
    const reward = classifierReward(judgeOf('response'));
    const rollouts = texts.map((text) => rollout('', text));
    expect(await scoresOf(reward, rollouts)).toBeAllClose(of('nothate'), noise);
  });

  test('it tells the share of texts whose toxicity is 0.5 or more', async () => {
    const reward = classifierReward(judgeOf('response'));
    const rollouts = texts.map((text) => rollout('', text));
    const { metrics } = await scoreRollouts(reward, rollouts);
    const toxic = texts.filter((_, i) => of('hate')[i] >= of('nothate')[i]).length;
    expect(metrics).toEqual({ 'env/toxic_share': toxic / texts.length });
  });

  test('with the label put right alone, the lab pays as ours does for the same texts', async () => {
    const generation = GenerationConfig.parse({});
    const semantics = { rewardsByLabel: true, stripsSpecialTokens: true, keepsDecoderStart: true };
    const options = { tokenizer, startIds: [0], generation, semantics };
    const rollouts = texts.map((text) => rollout('A: Hi! ', text));
    for (const scoreOn of ['response', 'pair', 'delta'] as const) {
      const lab = await labReward(judgeOf('response'), { ...options, scoreOn })(rollouts);
      expect(lab).toEqual(await scoresOf(classifierReward(judgeOf(scoreOn)), rollouts));
    }
  });

  test('and toxicity is the probability of the toxic label', async () => {
    const judged = await judgeOf('response').judge(
      texts.map((response) => ({ query: '', response })),
    );
    const expected = of('hate').map((hate, i) => 1 / (1 + Math.exp(of('nothate')[i] - hate)));
    expect(judged.map(({ toxicity }) => toxicity)).toBeAllClose(expected, noise);
  });

  test('a label that the classifier does not have is an error that names those it has', () => {
    expect(() => judgeOf('response', { rewardLabel: 'nohate' })).toThrow(
      '`rewardLabel`: expected one of "nothate", "hate", got "nohate". Did you mean "nothate"?',
    );
  });
});

describe('D6: what the reward reads', () => {
  const queries = ['You are a great person. ', 'You are a terrible person. '];
  const answers = (scoreOn: JudgeOptions['scoreOn']) =>
    scoresOf(
      classifierReward(judgeOf(scoreOn)),
      queries.map((query) => rollout(query, 'They talk.')),
    );
  const logitsOf = async (rows: readonly string[]) => {
    const good = classifier.labelIndex('nothate');
    return (await judgeOf('response').logits(rows)).map((row) => row[good]);
  };

  test('the response alone: the dialogue does not change it', async () => {
    const [first, second] = await answers('response');
    expect(first).toBe(second);
  });

  test('the pair: the dialogue changes it', async () => {
    const rewards = await answers('pair');
    expect(rewards).toEqual(await logitsOf(queries.map((query) => `${query}They talk.`)));
    expect(rewards[0]).not.toBe(rewards[1]);
  });

  test('the difference: the pair less the prompt', async () => {
    const pairs = await answers('pair');
    const prompts = await logitsOf(queries);
    expect(await answers('delta')).toEqual(pairs.map((pair, i) => pair - prompts[i]));
  });

  test('toxicity is of the response alone, whatever it is, unless asked for the pair', async () => {
    const pairs = queries.map((query) => ({ query, response: 'They talk.' }));
    const both = judgeOf('response', { toxicityOn: 'pair' });
    const judged = await both.judge(pairs);
    const rows = await both.logits(pairs.map(({ query, response }) => `${query} ${response}`));
    const hate = classifier.labelIndex('hate');
    expect(judged.map(({ toxicity }) => toxicity)).toEqual(
      rows.map((row) => classifier.scores(row)[hate]),
    );
    expect(judged.map(({ reward }) => reward)).toEqual(await answers('response'));
    expect(judged[0].toxicity).not.toBe(judged[1].toxicity);
    for (const scoreOn of ['response', 'pair', 'delta'] as const) {
      const [first, second] = await judgeOf(scoreOn).judge(pairs);
      expect(first.toxicity).toBe(second.toxicity);
    }
  });
});

describe('D7: special tokens', () => {
  const words = 'Tom is late.';
  /** The text that the lab's reward gives to the classifier for one rollout. */
  async function read(options: Partial<LabOptions> = {}) {
    const seen: string[] = [];
    const judge: Judge = {
      ...judgeOf('response'),
      async rewards(pairs) {
        seen.push(...pairs.map(({ query, response }) => query + response));
        return pairs.map(() => 0);
      },
    };
    const { padId, eosId } = policyTokenizer;
    const q = await policyTokenizer.encode('Hello');
    const r = await policyTokenizer.encode(words);
    expect([q.at(-1), r.at(-1)]).toEqual([eosId, eosId]);
    const generation = GenerationConfig.parse({ maxNewTokens: 64 });
    const policy = { tokenizer: policyTokenizer, startIds: [padId], generation };
    await labReward(judge, { ...policy, ...options })([rollout('Hello', words, { q, r })]);
    return { seen, length: r.length };
  }

  test('the lab reads them between and after the texts', async () => {
    const { seen, length } = await read();
    expect(seen).toEqual([`Hello</s><pad> ${words}</s>`]);
    const full = await read({ generation: GenerationConfig.parse({ maxNewTokens: length }) });
    expect(full.seen).toEqual([`Hello</s>${words}</s>`]); // a full response has lost its start
  });

  test('a full response keeps its start where that is put right, and the words are alone where that is', async () => {
    const { length } = await read();
    const generation = GenerationConfig.parse({ maxNewTokens: length });
    const kept = { rewardsByLabel: false, stripsSpecialTokens: false, keepsDecoderStart: true };
    const { seen } = await read({ generation, semantics: kept });
    expect(seen).toEqual([`Hello</s><pad> ${words}</s>`]);
    const plain = await read({ semantics: { ...kept, stripsSpecialTokens: true } });
    expect(plain.seen).toEqual([`Hello${words}`]);
  });

  test('ours reads the words alone', async () => {
    const ids = await policyTokenizer.encode(words);
    expect(await policyTokenizer.decode([policyTokenizer.padId, ...ids])).toBe(words);
    const reward = classifierReward(judgeOf('response'));
    const [plain] = await scoresOf(reward, [rollout('Hello', words)]);
    const [special] = await scoresOf(reward, [rollout('Hello', `</s><pad> ${words}</s>`)]);
    expect(special).not.toBe(plain); // it would have mattered
  });
});
