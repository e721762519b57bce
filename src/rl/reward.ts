import { ConfigError, NumericError, UnavailableError } from '../errors.ts';
import type { StepMetrics } from '../events.ts';
import { moments } from './masked.ts';
import type { Query, Rollout } from './rollout.ts';

/** An answer that was checked. */
type CheckedScores = ScoresWithMetrics & Required<Pick<ScoresWithMetrics, 'metrics'>>;

/** One score a rollout, in their order, with scalars of the batch as a whole. */
export interface ScoresWithMetrics {
  readonly scores: readonly number[];
  /** Added to the metrics of the step, usually as `env/…`; names of the trainer's own win. */
  readonly metrics?: StepMetrics;
  /** Of what each score is made, by name, one number a rollout: kept with the rollout, no more. */
  readonly parts?: Readonly<Record<string, readonly number[]>>;
}

/** What a reward answers: numbers are enough. */
export type Scores = readonly number[] | ScoresWithMetrics;

/**
 * Scores rollouts, one finite number each; higher is better. Any async function will do. Queries
 * come as they were given to the trainer, with whatever else they hold (a reference, an answer).
 * The signal aborts when the run is to stop: a reward that throws then ends the run after its last
 * whole step; one that does not look at it is waited for.
 */
export type Reward<Q extends Query = Query> = (
  rollouts: readonly Rollout<Q>[],
  signal?: AbortSignal,
) => Promise<Scores>;

/**
 * Asks a reward and checks its answer. What the reward throws comes through as it is.
 * @param name what errors call the reward
 * @throws {ConfigError} when the answer has not one score a rollout
 * @throws {NumericError} when a score, a part or a metric is not finite, naming the sample and its text
 */
export async function scoreRollouts<Q extends Query>(
  reward: Reward<Q>,
  rollouts: readonly Rollout<Q>[],
  signal?: AbortSignal,
  name = reward.name,
): Promise<CheckedScores> {
  const where = name === '' ? 'reward' : `reward "${name}"`;
  const list = [...rollouts]; // a reward may sort what it gets, and others read the same
  const answer = scoresAndMetrics(await reward(list, signal), where);
  checkScores(answer.scores, rollouts, where);
  for (const [part, numbers] of Object.entries(answer.parts ?? {}))
    checkPart(numbers, rollouts, `${where}, part "${part}"`);
  checkMetrics(answer.metrics, where);
  return answer;
}

/** A reward and its share in a sum. */
export interface WeightedReward<Q extends Query = Query> {
  readonly reward: Reward<Q>;
  /** Factor of its scores; 0 only watches, a negative one punishes. */
  readonly weight: number;
}

/**
 * Several rewards as one: the sum of weight · score. They run at the same time. Metrics are those
 * of the parts and `env/reward/NAME`, the mean score of each before its weight; a metric that
 * several parts give is told once for each, as `METRIC/NAME`. Parts of its answer are the scores of
 * each before its weight, under its name, and what these are made of, as `NAME/PART`. When one fails, the signal of the
 * others aborts, and its error is thrown once all have ended.
 * @throws {ConfigError} when a weight is not finite, or none differs from 0
 * @throws {UnavailableError} from the reward, when a part throws; it names the part
 */
export function weightedRewards<Q extends Query = Query>(
  parts: Readonly<Record<string, WeightedReward<Q>>>,
): Reward<Q> {
  const entries = Object.entries(parts);
  checkWeights(entries);
  return async (rollouts, signal) => {
    const failure = new AbortController();
    const either = AbortSignal.any([failure.signal, ...(signal ? [signal] : [])]);
    const asked = entries.map(async ([name, { reward, weight }]) => {
      try {
        const answer = await scoreRollouts(attributed(reward, name), rollouts, either, name);
        return { name, weight, ...answer };
      } catch (error) {
        failure.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(asked);
    failure.signal.throwIfAborted(); // with what the first part to fail has thrown
    const answers = await Promise.all(asked);
    const scores = rollouts.map((_, i) =>
      answers.reduce((sum, answer) => sum + answer.weight * answer.scores[i], 0),
    );
    return { scores, metrics: mergedMetrics(answers), parts: mergedParts(answers) };
  };
}

/** The reward, with its name in what it throws, unless that is because the run is stopped. */
export function attributed<Q extends Query>(reward: Reward<Q>, name: string): Reward<Q> {
  return async (rollouts, signal) => {
    try {
      return await reward(rollouts, signal);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      const actual = thrown(cause);
      throw new UnavailableError(`reward "${name}"`, 'scores', actual, '', cause);
    }
  };
}

/** What was thrown in one line, and where. */
function thrown(cause: unknown): string {
  const said = `${cause}`.split('\n')[0].replace(/\.$/, '');
  const [, place] =
    (cause instanceof Error && /^ +at .*?([^\s(]+:\d+:\d+)\)?$/m.exec(`${cause.stack}`)) || [];
  return place === undefined ? said : `${said} (${place})`;
}

type NamedScores = CheckedScores & { readonly name: string };

function mergedParts(answers: readonly NamedScores[]): NonNullable<ScoresWithMetrics['parts']> {
  const all = answers.map(({ name, scores, parts = {} }) => {
    const own = Object.entries(parts).map(([part, numbers]) => [`${name}/${part}`, numbers]);
    return { [name]: scores, ...Object.fromEntries(own) };
  });
  return Object.assign({}, ...all);
}

function mergedMetrics(answers: readonly NamedScores[]): StepMetrics {
  const all = answers.flatMap(({ name: part, scores, metrics }) => {
    const own = { ...metrics, [`env/reward/${part}`]: moments(scores).mean };
    return Object.entries(own).map(([name, value]) => ({ part, name, value }));
  });
  const isShared = (name: string) => all.filter((metric) => metric.name === name).length > 1;
  return Object.fromEntries(
    all.map(({ part, name, value }) => [isShared(name) ? `${name}/${part}` : name, value]),
  );
}

function checkWeights(entries: readonly (readonly [string, { readonly weight: number }])[]): void {
  for (const [name, { weight }] of entries) {
    if (Number.isFinite(weight)) continue;
    throw new ConfigError(`weight of reward "${name}"`, 'a finite number', `${weight}`);
  }
  if (entries.some(([, { weight }]) => weight !== 0)) return;
  const names = entries.map(([name]) => `"${name}"`).join(', ') || 'no reward at all';
  throw new ConfigError('weightedRewards', 'a reward with a weight that is not 0', names);
}

function scoresAndMetrics(answer: Scores, where: string): CheckedScores {
  const given: ScoresWithMetrics = Array.isArray(answer) ? { scores: answer } : Object(answer);
  const { scores, metrics = {}, parts } = given;
  if (Array.isArray(scores)) return { scores, metrics, ...(parts && { parts }) };
  const expected = 'an array of numbers, or { scores, metrics }';
  const actual = Object.prototype.toString.call(answer).slice('[object '.length, -1);
  throw new ConfigError(where, expected, actual, 'Return one number for each rollout.');
}

function checkScores(scores: readonly number[], rollouts: readonly Rollout[], where: string): void {
  if (scores.length !== rollouts.length) {
    const actual = `${scores.length} score${scores.length === 1 ? '' : 's'}`;
    const remedy = 'Return one number for each rollout, in their order.';
    throw new ConfigError(where, `${rollouts.length} scores`, actual, remedy);
  }
  const bad = scores.findIndex((score) => !Number.isFinite(score));
  if (bad < 0) return;
  const sample = `${where}, sample ${bad}, ${shortened(rollouts[bad].text)}`;
  const remedy = 'Give a low score to what cannot be judged.';
  const { query, response, text } = rollouts[bad];
  const details = { tensor: 'scores', sample: bad, query: query.ids, response, text };
  throw new NumericError(sample, 'a finite score', `${scores[bad]}`, remedy, details);
}

function checkPart(numbers: unknown, rollouts: readonly Rollout[], where: string): void {
  if (!Array.isArray(numbers)) throw new ConfigError(where, 'an array of numbers', typeof numbers);
  checkScores(numbers, rollouts, where);
}

function checkMetrics(metrics: StepMetrics, where: string): void {
  for (const [name, value] of Object.entries(metrics)) {
    if (Number.isFinite(value)) continue;
    const remedy = 'Leave it out where there is nothing to tell.';
    throw new NumericError(`${where}, metric "${name}"`, 'a finite number', `${value}`, remedy);
  }
}

/** A text as a message shows it: quoted, its first 60 characters. */
function shortened(text: string): string {
  const characters = [...text];
  return JSON.stringify(characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : text);
}
