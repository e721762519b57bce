/** Which view the address shows: `#/runs/2026-01-01?tab=x` and back again. */

export interface Route {
  /** `runs` is the list, `run` a run, `settings` what it was told to do. */
  readonly view: 'runs' | 'run' | 'settings' | 'missing';
  /** Of the run, where the view is of one. */
  readonly run?: string;
}

/** The route of an address's fragment; what no view has is `missing`. */
export function routeOf(hash: string): Route {
  const parts = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .filter(Boolean);
  const [place, run, tab, ...rest] = parts.map(decoded);
  if (place === undefined || (place === 'runs' && run === undefined)) return { view: 'runs' };
  if (place !== 'runs' || run === undefined || rest.length > 0) return { view: 'missing' };
  if (tab === undefined) return { view: 'run', run };
  return tab === 'settings' ? { view: 'settings', run } : { view: 'missing' };
}

/** The fragment that leads to a route. */
export function hashOf({ view, run }: Route): string {
  if (run === undefined || view === 'runs' || view === 'missing') return '#/runs';
  const place = `#/runs/${encodeURIComponent(run)}`;
  return view === 'run' ? place : `${place}/${view}`;
}

/** A fragment that somebody typed may hold a lone `%`. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
