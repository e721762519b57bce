/** What a list of runs says of one, out of its events. Pure. */
import type { RunDetails, RunState, RunSummary } from '../api.ts';
import type { JobEvent } from '../events.ts';

type EventOf<T extends JobEvent['type']> = Extract<JobEvent, { readonly type: T }>;

/**
 * @param id path of its folder below the folder of runs
 * @param held whether a process is at work in it, asked before its log was read
 */
export function runSummary(id: string, events: readonly JobEvent[], held: boolean): RunSummary {
  const last = <T extends JobEvent['type']>(type: T) =>
    events.findLast((event): event is EventOf<T> => event.type === type);
  const started = last('started');
  const [step, resumed, finished] = [last('step'), last('resumed'), last('finished')];
  const { job = 'detox', config = {}, time = '' } = started ?? {};
  const { model, algorithm, seed } = config;
  const [before, after] = ['before', 'after'].map((when) => meansAt(events, when));
  const verdict = last('compared')?.comparison.verdict;
  return {
    ...{ id, job, time, state: runState(events, held) },
    step: finished?.steps ?? step?.step ?? resumed?.step ?? 0,
    steps: step?.steps ?? resumed?.steps ?? started?.steps ?? 0,
    ...(finished && { seconds: finished.seconds }),
    ...(typeof model === 'string' && { model }),
    ...(typeof algorithm === 'string' && { algorithm }),
    ...(typeof seed === 'number' && { seed }),
    ...(verdict !== undefined && { verdict }),
    ...(before && { before }),
    ...(after && { after }),
    ...(step && { metrics: step.metrics }),
  };
}

/** @param files names of those files of the run that can be looked at */
export function runDetails(
  summary: RunSummary,
  events: readonly JobEvent[],
  files: readonly string[],
): RunDetails {
  const started = events.find((event) => event.type === 'started');
  const compared = events.findLast((event) => event.type === 'compared');
  const { config = {}, engine = '', version = '', memory } = started ?? {};
  return {
    ...summary,
    ...{ config, engine, version, files },
    ...(memory && { memory }),
    ...(compared && { comparison: compared.comparison }),
  };
}

/** An end that was told counts, though the process may not have gone yet. */
function runState(events: readonly JobEvent[], held: boolean): RunState {
  const end = events.findLast(({ type }) => type === 'finished' || type === 'stopped');
  if (end) return end.type === 'finished' ? 'finished' : 'stopped';
  return held ? 'running' : 'broken';
}

/** Means of what was measured before or after; undefined when nothing was. */
function meansAt(events: readonly JobEvent[], when: string) {
  const measured = events.findLast((event) => event.type === 'evaluated' && event.when === when);
  const means = Object.entries(measured ?? {}).flatMap(([name, value]) => {
    const mean: unknown = (value as { readonly mean?: unknown } | null)?.mean;
    return typeof mean === 'number' ? [[name, mean] as const] : [];
  });
  return means.length > 0 ? Object.fromEntries(means) : undefined;
}
