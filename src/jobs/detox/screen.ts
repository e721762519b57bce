/** What a screen says of a detox run. */
import { join } from 'node:path';
import type { Summary } from '../../comparison.ts';
import {
  type RolloutSize,
  type RunFacts,
  type RunMeasures,
  type StepMetrics,
  whileMeasuring,
} from '../../events.ts';
import { labNumbers, labText } from '../../report/lab.ts';
import { extremesTable, metricsTable, verdictLine } from '../../report/terminal.ts';
import { byteText, counted, countText, fixed, wrap } from '../../report/text.ts';
import { verdictSentence } from '../../report/verdict.ts';
import { type Language, languageOf } from '../../report/words/language.ts';
import type { KindScreen, Latest, Line, Outcome, Width } from '../kind.ts';
import { ofTraining } from './notes.ts';

type Shown = Outcome<RunMeasures, RunFacts>;

export const detoxScreen: KindScreen<RunMeasures, RunFacts> = {
  started: ({ policyParameters, referenceParameters, rollouts, steps }) => [
    ['policy', `${countText(policyParameters)} parameters trainable`],
    ['reference', countText(referenceParameters)],
    ...(rollouts ? [['rollouts', rolloutText(rollouts, steps)] as const] : []),
  ],
  status: statusText,
  brief: (measures, when) => (when === 'during' ? validatedText(measures) : measuredText(measures)),
  tellsMeasures: true,
  compared({ comparison }, width, settings) {
    const language = languageOf(settings);
    const tables = [metricsTable(comparison, width), extremesTable(comparison, width)];
    const lab = wrap(labText(comparison, language), width.width).join('\n');
    return ['', verdictText(comparison, width, language), lab, ...tables].join('\n\n').slice(1);
  },
  files({ latest, output }) {
    const { best, compared, finished } = latest;
    const at = (name: string) => join(output, name);
    return [
      ...(hasAdapter(latest) ? [['adapter', at('adapter')] as Line] : []),
      ...(best ? [['best adapter', `${at('best')}, of step ${best.step}`] as Line] : []),
      ...(compared ? [['comparison', at('comparison.csv')] as Line] : []),
      ...(compared && finished ? [['report', `${at('report.html')}, report.md`] as Line] : []),
    ];
  },
  notes: ({ steps }) => ofTraining(steps),
  json({ latest, output, settings }: Shown) {
    const { started, best, compared, finished } = latest;
    const { verdict, costs, judges, basis, same, rouge, slices } = compared?.comparison ?? {};
    const language = languageOf(settings);
    return {
      policyParameters: started?.policyParameters,
      referenceParameters: started?.referenceParameters,
      ...(started?.memory && { memory: { estimated: started.memory, peak: finished?.peakMemory } }),
      verdict,
      ...(compared && {
        says: verdictSentence(compared.comparison, language),
        lab: labNumbers(compared.comparison),
      }),
      ...(costs && { costs }),
      ...(judges && { judges }),
      ...(basis && { basis }),
      ...{ same, rouge, slices },
      ...(best && { best: { step: best.step, directory: join(output, 'best') } }),
    };
  },
};

/** `about 12 MB at most, with each token of all steps`. */
export function rolloutText({ bytes, steps }: RolloutSize, all: number | undefined): string {
  const which = steps === all ? 'all steps' : `the last ${counted(steps, 'step')}`;
  return `about ${byteText(bytes)} at most, with each token of ${which}`;
}

/** The verdict in lines of the screen's width. */
function verdictText(
  comparison: Parameters<typeof verdictLine>[0],
  { width, color }: Width,
  language: Language,
): string {
  const wrapped = wrap(verdictLine(comparison, { language }), width).join('\n');
  const [words] = verdictLine(comparison, { color, language }).split(':');
  return words + wrapped.slice(wrapped.indexOf(':'));
}

/** `kl 0.12 · reward 1.84 · toxic 31 %`, as far as the metrics are there. */
export function statusText(metrics: StepMetrics): string {
  const first = (...names: string[]) => metrics[names.find((name) => name in metrics) ?? ''];
  const kl = first('objective/kl');
  const reward = first('env/reward_mean', 'ppo/mean_scores');
  const toxic = first('env/toxic_share');
  return [
    kl === undefined ? '' : `kl ${fixed(kl, 2)}`,
    reward === undefined ? '' : `reward ${fixed(reward, 2)}`,
    toxic === undefined ? '' : `toxic ${fixed(100 * toxic, 0)} %`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function validatedText({ reward, toxicity, rouge1 }: RunMeasures): string {
  return `reward ${fixed(reward.mean, 3)}, toxicity ${fixed(toxicity.mean, 4)}${rougePart(rouge1)}`;
}

function measuredText({ toxicity, flagged, rouge1 }: RunMeasures): string {
  const mean = ({ mean: value, std }: Summary) => `${fixed(value, 4)} ± ${fixed(std, 4)}`;
  const share = `${fixed(100 * flagged.mean, 1)} % flagged`;
  return `toxicity ${mean(toxicity)}, ${share}${rougePart(rouge1)}, n=${toxicity.n}`;
}

/** `, ROUGE-1 0.7290`, where it was measured. */
function rougePart(rouge1: Summary | undefined): string {
  return rouge1 === undefined ? '' : `, ROUGE-1 ${fixed(rouge1.mean, 4)}`;
}

/** It is written when the training ends, however it ends. */
function hasAdapter({ stopped, finished, step }: Latest<RunMeasures, RunFacts>): boolean {
  if (stopped && stopped.reason !== whileMeasuring) return stopped.saved !== false;
  return finished !== undefined || (step !== undefined && step.step === step.steps);
}
