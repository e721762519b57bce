/** Which view the address shows: `#/runs/2026-01-01/settings`, `#/samples?runs=a&sort=kl`, and back again. */

/** Views that have all they need behind the `?`. */
const places = [
  ...(['samples', 'compared', 'prompt', 'tokens'] as const),
  ...(['over', 'start', 'playground'] as const),
];
/** Views of one run, behind its name. */
const tabs = ['settings', 'result'] as const;

export interface Route {
  /**
   * `runs` is the list, `run` a run, `settings` what it was told to do, `result` what has become of it;
   * `samples` what was learnt from, `prompt` one prompt in it, `tokens` one response; `compared` what
   * was measured before and after; `over` runs laid over each other; `start` begins a run, `playground`
   * asks its policies.
   */
  readonly view: 'runs' | 'run' | (typeof tabs)[number] | (typeof places)[number] | 'missing';
  /** Of the run, where the view is of one. */
  readonly run?: string;
  /** What stands behind the `?`: filters, order, what is chosen. */
  readonly asked?: Asked;
}

export type Asked = Readonly<Record<string, string>>;

/** The route of an address's fragment; what no view has is `missing`. */
export function routeOf(hash: string): Route {
  const [path, search] = divided(hash.replace(/^#?\/?/, ''));
  const [place, run, tab, ...rest] = path.split('/').filter(Boolean).map(decoded);
  const asked = Object.fromEntries(new URLSearchParams(search));
  const own = places.find((name) => name === place);
  if (own && run === undefined) return { view: own, asked };
  if (place === undefined || (place === 'runs' && run === undefined))
    return { view: 'runs', ...(search !== '' && { asked }) };
  if (place !== 'runs' || run === undefined || rest.length > 0) return { view: 'missing' };
  if (tab === undefined) return { view: 'run', run };
  const view = tabs.find((name) => name === tab);
  return view ? { view, run } : { view: 'missing' };
}

/** The fragment that leads to a route. */
export function hashOf({ view, run, asked = {} }: Route): string {
  const given = Object.entries(asked).filter(([, value]) => value !== '');
  const search = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
  if (places.some((name) => name === view)) return `#/${view}${search}`;
  if (run === undefined || view === 'runs' || view === 'missing') return `#/runs${search}`;
  const place = `#/runs/${encodeURIComponent(run)}`;
  return view === 'run' ? place : `${place}/${view}`;
}

/** Names of runs as one text, and back: each percent-encoded by itself, because it may hold a comma. */
export function textOfRuns(runs: readonly string[]): string {
  return runs.map(encodeURIComponent).join(',');
}
export function runsOf(text = ''): string[] {
  return text.split(',').filter(Boolean).map(decoded);
}

function divided(text: string): [string, string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A fragment that somebody typed may hold a lone `%`. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
