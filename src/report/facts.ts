/** What reports say of a run beside its measures: what was run, and what to keep in mind. Pure. */
import type { Comparison, Sample } from '../comparison.ts';
import type { Checked, Guarded, Note, ParameterCount, RunEvent } from '../events.ts';
import type { ParetoRow, Why } from '../explanation.ts';
import { byteText, duration, fixed, grouped, memoryText } from './text.ts';
import type { Language } from './words/language.ts';
import { noteIn, partIn } from './words/notes.ts';
import type { ReportWords, SettingName } from './words/report-words.ts';

export type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { readonly type: T }>;

/** All that a report is made of. */
export interface ReportParts {
  readonly started: EventOf<'started'>;
  readonly comparison: Comparison;
  readonly steps: readonly EventOf<'step'>[];
  readonly finished: EventOf<'finished'>;
  /** What was measured in between. */
  readonly validated?: readonly EventOf<'validated'>[];
  /** Why samples gain; missing without samples. */
  readonly why?: Why | undefined;
  /** What was measured in between, each with those that beat it; missing below two. */
  readonly pareto?: readonly ParetoRow[] | undefined;
  /** What guards saw. */
  readonly guarded?: readonly Guarded[];
  readonly checked?: readonly Checked[];
  /** What the responses and the training showed, beside what the run said as it started. */
  readonly notes?: readonly Note[];
  /** Command that runs the same again, beside `config.yaml`. @default that of its job */
  readonly command?: string;
  /** @default 'en' */
  readonly language?: Language;
}

/** Whether something was trained: `evaluate` holds two policies against each other. */
export function isTraining({ started: { job = 'detox' } }: ReportParts): boolean {
  return job !== 'evaluate';
}

/** Runs the same again. */
export function commandOf({ started: { job = 'detox' }, command }: ReportParts): string {
  return command ?? `npx tactful ${job} --config config.yaml`;
}

/** All responses, which the page shows beside that. */
export interface ReportSamples {
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

/** The settings that reports name, where the run has them; `config.yaml` holds all. */
const settings: readonly (readonly [title: SettingName, name: string])[] = [
  ['model', 'model'],
  ['adapter', 'adapter'],
  ['against', 'against'],
  ['rewardModel', 'rewardModel'],
  ['toxicityModel', 'toxicityModel'],
  ['rewardModule', 'reward'],
  ['rewardWeight', 'rewardWeight'],
  ['rewardModelWeight', 'rewardModelWeight'],
  ['dataFile', 'data'],
  ['algorithm', 'algorithm'],
  ['compat', 'compat'],
  ['without', 'without'],
  ['rougeWeight', 'rougeWeight'],
  ['batchSize', 'batchSize'],
  ['ppoEpochs', 'ppoEpochs'],
  ['learningRate', 'learningRate'],
  ['initKlCoef', 'initKlCoef'],
  ['seed', 'seed'],
];

/** Settings that say nothing as they are by default. */
const usual: Readonly<Record<string, number>> = {
  rougeWeight: 0,
  rewardWeight: 1,
  rewardModelWeight: 1,
};

/** Whether a setting says something: an empty list and a usual weight do not. */
function isTold(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && usual[name] !== value;
}

/** A name and a text beside it. */
export type Fact = readonly [name: string, text: string];

/** What was run: the texts are as they came, not escaped. */
export function runFacts(parts: ReportParts, words: ReportWords): Fact[] {
  const { started, finished, validated = [] } = parts;
  const { config, data, policyParameters, referenceParameters } = started;
  const { facts } = words;
  const best = validated.findLast((event) => event.best);
  const parameters = ({ trainable, all }: ParameterCount) => {
    const share = `${fixed(all === 0 ? 0 : (100 * trainable) / all, 2)} %`;
    return words.trainable(grouped(trainable), grouped(all), share);
  };
  const took = duration(finished.seconds);
  const trained = isTraining(parts);
  const counts: Fact[] = [
    [facts.policy, parameters(policyParameters)],
    [facts.reference, parameters(referenceParameters)],
  ];
  return [
    [facts.started, started.time],
    [facts.took, trained ? `${took}, ${words.steps(finished.steps)}` : took],
    ...memoryFact(parts, words),
    ['tactful', started.version],
    [facts.engine, started.engine],
    ...(trained ? counts : []),
    [facts.data, words.kept(data.rows, data.kept, data.dialogues)],
    ...(trained
      ? [[facts.split, words.split(data.train, data.validation, data.test)] as const]
      : []),
    ...judgeFacts(parts, words),
    ...settings
      .filter(([, name]) => isTold(name, config[name]))
      .map(([title, name]): Fact => [words.settings[title], [config[name]].flat().join(', ')]),
    ...(best ? [[facts.best, bestText(best, words)] as const] : []),
  ];
}

/** Of what reward and toxicity are made; old logs say nothing. */
function judgeFacts({ started, language = 'en' }: ReportParts, words: ReportWords): Fact[] {
  const { judges, config } = started;
  if (!judges) return [];
  const say = (text: string) => partIn(text, language);
  const measured = config.toxicityModel === undefined ? 'reward' : 'toxicity';
  return [
    [words.facts.reward, say(judges.sum ?? '') || words.ofModel(say(judges.reward), 'reward')],
    [words.facts.toxicity, words.ofModel(say(judges.toxicity), measured)],
    ...Object.entries(judges.witnesses ?? {}).map(
      ([name, what]): Fact => [`${words.facts.judge} (${name})`, say(what)],
    ),
  ];
}

/** What it took, and what was foreseen; logs of earlier versions say nothing. */
function memoryFact(
  { started, finished, language = 'en' }: ReportParts,
  words: ReportWords,
): Fact[] {
  const { memory } = started;
  const { peakMemory } = finished;
  if (peakMemory === undefined) return [];
  const foreseen = memory && partIn(memoryText(memory), language);
  return [[words.facts.memory, words.memory(byteText(peakMemory), foreseen)]];
}

/** Where it is, and what the withheld dialogues said of it. */
function bestText(best: EventOf<'validated'>, words: ReportWords): string {
  const { step, reward, toxicity, rouge1 } = best;
  const measures = [
    `${words.facts.reward} ${fixed(reward.mean, 3)}`,
    `${words.facts.toxicity} ${fixed(toxicity.mean, 4)}`,
    ...(rouge1 ? [`ROUGE-1 ${fixed(rouge1.mean, 4)}`] : []),
  ];
  return words.best(step, measures.join(', '));
}

/** What the reader must know of the numbers: of the data, of the judge, of how sure they are. */
export function caveats(parts: ReportParts, words: ReportWords): string[] {
  const { started, comparison, notes = [], language = 'en' } = parts;
  const { config } = started;
  const { caveats: said } = words;
  const [all] = comparison.slices;
  const { n, low, high } = all.toxicity.difference;
  const seed = typeof config.seed === 'number' ? ` (${config.seed})` : '';
  const rouge = all.rouge1?.difference;
  const lost = 1 - all.distinct2.after / all.distinct2.before;
  return [
    ...[...(started.notes ?? []), ...notes].map(({ says, remedy = '' }) =>
      [says, remedy]
        .map((text) => noteIn(text, language))
        .join(' ')
        .trimEnd(),
    ),
    said.precision(testPrompts(n, words), fixed((high - low) / 2, 4)),
    ...(isTraining(parts) ? [said.oneSeed(seed)] : []),
    said.judge,
    said.uncorrected,
    ...(rouge && rouge.high < 0 ? [said.rougeFell(fixed(-rouge.mean, 4))] : []),
    ...(lost > 0.2 ? [said.alike(fixed(100 * lost, 0))] : []),
  ];
}

function testPrompts(n: number, words: ReportWords): string {
  return words.prompts(n).replace(/prompt(s?)$/, 'test prompt$1');
}

/** What guards saw. */
interface GuardTexts {
  /** What came of it, and how often they looked. */
  readonly said: readonly string[];
  /** A sentence an event. */
  readonly events: readonly string[];
}

/** In sentences; undefined when no guard looked. */
export function guardTexts(parts: ReportParts, words: ReportWords): GuardTexts | undefined {
  const { guarded = [], checked = [] } = parts;
  const { guards } = words;
  if (guarded.length === 0 && checked.length === 0) return undefined;
  const back = guarded.find(({ to }) => to !== undefined);
  const well = checked.filter((check) => check.well).length;
  const said = [
    ...(back?.to === undefined ? [] : [guards.rolledBack(back.to)]),
    ...(guarded.length === 0 ? [guards.none] : []),
    ...(checked.length === 0 ? [] : [guards.checks(checked.length, well)]),
  ];
  const events = guarded.map(({ step, guard, numbers, to }) =>
    guards.event({
      ...{ step, to, name: guards.names[guard] ?? guard },
      ...{ before: numberText(numbers.before), now: numberText(numbers.now) },
    }),
  );
  return { said, events };
}

/** Four figures at most. */
function numberText(value: number): string {
  return fixed(value, value !== 0 && Math.abs(value) < 1 ? 4 : 2).replace(/\.?0+$/, '');
}
