/** What TensorBoard shows of each event of a run. Pure but for what the run reads of its folder. */
import type { Comparison, ComparisonRow } from '../comparison.ts';
import type { Guarded, JobEvent } from '../events.ts';
import { type Clock, pointOf } from './curves.ts';
import { block, captioned, histogramsOf, rounded, samplesOf } from './rollout-curves.ts';
import type { RunRecord } from './store.ts';
import { histogramValue, scalarValue, summaryRecord, textValue, type Value } from './tfevents.ts';

/**
 * Records of one event, at most one.
 * @param begun when the run began, seconds since 1970
 * @param clock as the events before it left it
 */
export async function recordsOf(
  event: JobEvent,
  run: RunRecord,
  begun: number,
  clock: Clock,
): Promise<Uint8Array[]> {
  const { step, seconds, scalars } = pointOf(event, clock);
  const drawn = Object.entries(scalars).map(([name, value]) => scalarValue(name, value));
  const values = [...drawn, ...(await shownOf(event, run))];
  return values.length > 0 ? [summaryRecord({ time: begun + seconds, step }, values)] : [];
}

/** What is no number. */
async function shownOf(event: JobEvent, run: RunRecord): Promise<Value[]> {
  switch (event.type) {
    case 'started':
      return [textValue('settings', block(JSON.stringify(event.config, null, 2)))];
    case 'step': {
      const rows = await run.rollouts(event.step);
      if (rows.length === 0) return [];
      const histograms = Object.entries(histogramsOf(rows));
      const samples = samplesOf(rows, await run.queries());
      return [
        ...histograms.map(([name, histogram]) => histogramValue(name, histogram)),
        ...(samples === undefined ? [] : [textValue('rollouts', samples)]),
      ];
    }
    case 'guarded':
      return [textValue('guards', guardText(event))];
    case 'compared':
      return [textValue('comparison', comparisonText(event.comparison))];
    default:
      return [];
  }
}

function guardText({ guard, action, to, numbers, samples }: Guarded): string {
  const [before, now, limit] = [numbers.before, numbers.now, numbers.limit].map(rounded);
  const end = to === undefined ? action : `${action} to step ${to}`;
  const title = `**${guard}**: ${before} before, ${now} now, limit ${limit}; ${end}`;
  const shown = samples.flatMap(({ response }) => captioned('response', response));
  return [title, ...shown].join('\n\n');
}

function comparisonText({ verdict, rows, extremes }: Comparison): string {
  const shown = extremes ? [...extremes.best, ...extremes.worst] : rows;
  return [`**${verdict}**`, ...shown.map(rowText)].join('\n\n---\n\n');
}

function rowText({ query, reward_diff, ...row }: ComparisonRow): string {
  const [before, after] = [row.toxicity_before, row.toxicity_after].map(rounded);
  const facts = `reward difference ${rounded(reward_diff)}, toxicity ${before} → ${after}`;
  const { response_before, response_after } = row;
  const texts = [
    ...captioned('before', response_before),
    ...captioned('after', response_after),
    ...captioned('query', query),
  ];
  return [facts, ...texts].join('\n\n');
}
