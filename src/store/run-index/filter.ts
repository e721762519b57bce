/** Which runs of a list are meant. Pure. */
import type { RunSummary } from '../../api.ts';
import type { RunFilter } from './queries.ts';

/** @param config all settings of the run */
export function isMeant(
  run: RunSummary,
  config: Readonly<Record<string, unknown>>,
  { states, job, search, settings = {} }: RunFilter,
): boolean {
  if (states !== undefined && !states.includes(run.state)) return false;
  if (job !== undefined && run.job !== job) return false;
  const text = `${run.id}\n${run.model ?? ''}`.toLowerCase();
  if (search !== undefined && !text.includes(search.toLowerCase())) return false;
  return Object.entries(settings).every(([name, value]) => isSaid(value, config[name]));
}

/** Whether a setting is what a text says: `0.00001` is `1e-5`, and a list its parts with commas. */
function isSaid(text: string, value: unknown): boolean {
  if (typeof value === 'number') return text.trim() !== '' && Number(text) === value;
  return value !== undefined && [value].flat().join(',') === text;
}
