/** Which settings do nothing beside others. */
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import type { SftConfig } from '../jobs/sft-config.ts';
import type { Known, Said } from './config-file.ts';
import { flagsOf, withFlagNames } from './flags.ts';
import { type StoreSettings, storesIn } from './store-options.ts';

type Settings = Readonly<Record<string, unknown>>;
/** What the rows ask of, as far as the job has it. */
type Config = DetoxConfig &
  Pick<SftConfig, 'full'> &
  Pick<StoreSettings, 'store'> & { readonly versus?: string; readonly workers?: string };

/** Settings, when they do nothing, and why. */
type Row = readonly [names: readonly string[], idle: (config: Config) => boolean, because: string];

function readsPairs({ compat, scoreOn, toxicityOn }: Config): boolean {
  return compat !== 'none' || scoreOn !== 'response' || toxicityOn === 'pair';
}

const rows: readonly Row[] = [
  [
    ['target', 'horizon'],
    (c) => !c.adapKlCtrl,
    'the KL coefficient is fixed, with `adapKlCtrl` off',
  ],
  [['targetKl'], (c) => !c.earlyStopping, '`earlyStopping` is off'],
  [
    ['samplingCorrection', 'samplingCap'],
    (c) => c.rescore === false,
    '`rescore` is off: what samples and what learns say the same',
  ],
  [['samplingCap'], (c) => c.samplingCorrection === 'none', '`samplingCorrection` is none'],
  [
    ['gamma', 'lam', 'vfCoef', 'clipRangeValue', 'valueHeadFile'],
    (c) => c.algorithm !== 'ppo',
    '`algorithm` rloo and grpo have no critic',
  ],
  [
    ['loraRank', 'loraAlpha', 'loraTargets', 'loraDropout'],
    (c) => c.adapter !== undefined,
    'the `adapter` that is given has its own',
  ],
  [
    ['loraRank', 'loraAlpha', 'loraTargets', 'loraDropout'],
    (c) => c.full,
    '`full` trains every weight, without an adapter',
  ],
  [['revision'], (c) => c.model === undefined, 'no `model` is given'],
  [['adapterRevision'], (c) => c.adapter === undefined, 'no `adapter` is given'],
  [['toxicityRevision'], (c) => c.toxicityModel === undefined, 'no `toxicityModel` is given'],
  [
    ['judgeLabel'],
    (c) => !c.judge?.some((judge) => !/^(words|none)$|\.txt$/i.test(judge)),
    'no `judge` is a classifier',
  ],
  [['samplesPerPrompt'], (c) => !c.sample, '`sample` is off: each would be the same'],
  [['rewardWeight'], (c) => c.reward === undefined, 'no `reward` is given'],
  [['pairAs'], (c) => !readsPairs(c), '`scoreOn` and `toxicityOn` read the response alone'],
  [['testDataRevision'], (c) => c.testData === undefined, 'no `testData` is given'],
  [
    ['testShare', 'shuffleSplit', 'splitSeed'],
    (c) => (c.testData ?? c.testSplit) !== undefined,
    'all of `testData` or `testSplit` is held out',
  ],
  [['splitSeed'], (c) => !c.shuffleSplit, '`shuffleSplit` is off'],
  [['shortResponsePenalty'], (c) => c.minResponseTokens === 0, '`minResponseTokens` is 0'],
  [['validationSamples', 'bestMetric'], (c) => c.evaluateEvery === 0, '`evaluateEvery` is 0'],
  [['guardEvery', 'guardSamples'], (c) => c.guards === 'off', '`guards` is off'],
  [['guardSamples'], (c) => c.guardEvery === 0, '`guardEvery` is 0'],
  [['temperature', 'topK', 'topP', 'evaluationTopK'], (c) => !c.sample, '`sample` is off'],
  [
    ['table', 'createTable', 'key', 'tableItems', 'endpoint', 'region'],
    (c) => !storesIn(c).includes('dynamodb'),
    '`store` is not dynamodb',
  ],
  [['trackingUri', 'experiment'], (c) => !storesIn(c).includes('mlflow'), '`store` has no mlflow'],
  [['ablate'], (c) => c.versus === undefined, '`versus` is not given'],
  [
    ['store'],
    (c) => c.versus !== undefined,
    '`versus` keeps all in its folder, and each run can be sent when it has ended, as in tactful sync runs/versus/*/ --store tensorboard',
  ],
  [
    ['engine', 'precision', 'device', 'threads'],
    (c) => c.workers !== undefined,
    '`workers` compute, and each says so for itself, as in tactful worker --threads 4',
  ],
  [['shared', 'mixed', 'queuePrefix'], (c) => c.workers === undefined, 'no `workers` are given'],
  [['require'], (c) => c.versus !== undefined, '`versus` has no verdict of its own'],
];

/**
 * Refuses settings that somebody chose and that do nothing beside others. A preset, which is for many
 * cases, is nobody's choice.
 * @param settings all of them, as far as they are given; if several, it has to do nothing in each
 * @throws {ConfigError} naming the first one
 */
export function checkEffects(
  known: Known,
  settings: readonly Settings[],
  { values, where }: Said,
): void {
  const configs = settings.map((one) => known.safeParse(one).data as Config | undefined);
  // what is wrong is told later
  const [row] = rows.flatMap(([names, idle, because]) => {
    const name = names.find((one) => Object.hasOwn(values, one));
    const isIdle = configs.every((config) => config !== undefined && idle(config));
    return name !== undefined && isIdle ? [{ name, because }] : [];
  });
  if (row === undefined) return;
  const place = where(row.name);
  const isFlag = /^--(?!set )/.test(place);
  const reason = isFlag ? withFlagNames(row.because, flagsOf(known)) : row.because;
  const told = `one that does nothing: ${reason.replaceAll('`', '')}`;
  throw new ConfigError(place, 'a setting with an effect', told, 'Leave it out.');
}

/**
 * What somebody chose of a file's settings: what is not a default said aloud. A file with most
 * settings is the record of a run, and nobody's choice.
 */
export function chosen(file: Settings, known: Known): Settings {
  const defaults = Object.entries(known.shape).flatMap(([name, field]) => {
    const { data } = field.safeParse(undefined);
    return data === undefined ? [] : [[name, data] as const];
  });
  // an earlier version's record lacks the settings that came after it
  if (2 * defaults.filter(([name]) => name in file).length > defaults.length) return {};
  const plain = new Map(defaults);
  const others = Object.entries(file).filter(
    ([name, value]) => !isDeepStrictEqual(plain.get(name), value),
  );
  return Object.fromEntries(others);
}
