/** What a list of runs says of a run, made of its events one after the other. Pure. */
import type { RunDetails, RunSummary } from '../../api.ts';
import type { JobEvent } from '../../events.ts';

/** A run without what its folder alone tells: whether somebody is at work in it, which files there are. */
export interface Digest extends Omit<RunDetails, 'state' | 'files'> {
  /** Missing of a run whose log has no end. */
  readonly ended?: 'finished' | 'stopped';
}

/** @returns the digest with more events; undefined as long as none says how the run began */
export function digested(
  id: string,
  before: Digest | undefined,
  events: readonly JobEvent[],
): Digest | undefined {
  return events.reduce<Digest | undefined>((digest, event) => next(id, digest, event), before);
}

function next(id: string, digest: Digest | undefined, event: JobEvent): Digest | undefined {
  if (event.type === 'started') return begun(id, event);
  if (digest === undefined) return undefined;
  switch (event.type) {
    case 'evaluated':
      return { ...digest, [event.when]: meansOf(event) };
    case 'step': {
      const { step, steps, metrics } = event;
      return { ...digest, step, steps, metrics };
    }
    case 'resumed': {
      const { ended: _, ...rest } = digest;
      return { ...rest, engine: event.engine, version: event.version };
    }
    case 'stopped':
      return { ...digest, ended: 'stopped' };
    case 'compared': {
      const { comparison } = event;
      return { ...digest, comparison, verdict: comparison.verdict };
    }
    case 'finished':
      return { ...digest, ended: 'finished', seconds: event.seconds };
    default:
      return digest;
  }
}

function begun(id: string, started: Extract<JobEvent, { type: 'started' }>): Digest {
  const { job = 'detox', time, steps = 0, config, engine, version, memory } = started;
  const { model, algorithm, seed } = config;
  return {
    ...{ id, job, time, step: 0, steps, config, engine, version },
    ...(memory && { memory }),
    ...(typeof model === 'string' && { model }),
    ...(typeof algorithm === 'string' && { algorithm }),
    ...(typeof seed === 'number' && { seed }),
  };
}

/** Numbers of a measurement by their names; of judges `judge NAME`. */
function meansOf(event: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(event).flatMap(([name, value]) => {
      if (name !== 'judges') return meanOf(name, value);
      return Object.entries(value).flatMap(([judge, one]) => meanOf(`judge ${judge}`, one));
    }),
  );
}

function meanOf(name: string, value: unknown): (readonly [string, number])[] {
  if (typeof value === 'number') return [[name, value]];
  const mean = typeof value === 'object' && value !== null && 'mean' in value && value.mean;
  return typeof mean === 'number' ? [[name, mean]] : [];
}

/** What a list says of it. */
export function summaryOf({
  config: _config,
  engine: _engine,
  version: _version,
  memory: _memory,
  comparison: _comparison,
  ...summary
}: Digest): Omit<RunSummary, 'state'> & Pick<Digest, 'ended'> {
  return summary;
}
