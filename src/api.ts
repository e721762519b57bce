/** What the dashboard's server tells its page, as JSON. Plain data. */
import type { Comparison, Sample } from './comparison.ts';
import type { JobEvent, MemoryEstimate, StepMetrics } from './events.ts';
import type { RolloutRow } from './rollouts.ts';

/** What becomes of a run: `broken` is one whose process is gone without a word. */
export type RunState = 'running' | 'finished' | 'stopped' | 'broken';

/** A run in the list: `GET /api/runs`. */
export interface RunSummary {
  /** Path of its folder below the folder of runs. */
  readonly id: string;
  readonly job: string;
  readonly state: RunState;
  readonly time: string;
  readonly step: number;
  readonly steps: number;
  readonly seconds?: number;
  readonly model?: string;
  readonly algorithm?: string;
  readonly seed?: number;
  readonly verdict?: Comparison['verdict'];
  /** Means over held-out prompts. */
  readonly before?: Readonly<Record<string, number>>;
  readonly after?: Readonly<Record<string, number>>;
  /** Of the last step. */
  readonly metrics?: StepMetrics;
  /** What ended the process of one that was started from the page and is broken, in its words. */
  readonly problem?: string;
}

/** One run: `GET /api/runs/:id`. */
export interface RunDetails extends RunSummary {
  readonly config: Readonly<Record<string, unknown>>;
  readonly engine: string;
  readonly version: string;
  readonly memory?: MemoryEstimate;
  readonly comparison?: Comparison;
  /** Files of the run that the page may link to: `report.html`. */
  readonly files: readonly string[];
}

/**
 * `POST /api/runs/:id/files/:name` for one of `files`: where it can be framed, for a minute. It has an
 * origin of its own (`<iframe sandbox="allow-scripts">`), because a frame cannot send the token.
 */
export interface FileAddress {
  readonly address: string;
}

/**
 * One message of `GET /api/runs/:id/events` (server-sent events); its id is the place in the log. With
 * `?once` the stream ends when all that is there is told: browsers keep six connections to a server, so
 * follow what is running, and ask once for the rest.
 */
export type LiveEvent = JobEvent | { readonly type: 'reset' };

/** By what rollouts are sorted. */
export type RolloutOrder =
  | 'step'
  | 'score'
  | 'kl'
  | 'advantage'
  | 'value'
  | 'entropy'
  | 'length'
  | 'logprob';

/**
 * `GET /api/rollouts?runs=a,b&step=&query=HASH&search=&sort=score&descending=1&minScore=&maxScore=&offset=&limit=`:
 * a window of all that match; tokens are left out. A run's name in `runs` is percent-encoded by itself,
 * because it may hold a comma; without `runs` all are meant.
 */
export interface RolloutWindow {
  readonly total: number;
  readonly offset: number;
  readonly rows: readonly (RolloutRow & { readonly run: string })[];
  /** Texts of these rows' queries, by hash. */
  readonly queries: Readonly<Record<string, string>>;
  /** Steps that are kept and not read yet: whoever asks again gets more. Missing when there are none. */
  readonly behind?: number;
}

/** `GET /api/runs/:id/rollouts/:step/:row`: one response with its tokens. */
export interface RolloutDetails {
  readonly row: RolloutRow;
  readonly query: string;
  /** The response before it and the one after, also of another step; missing at either end. */
  readonly previous?: RolloutPlace;
  readonly next?: RolloutPlace;
}
export type RolloutPlace = Pick<RolloutRow, 'step' | 'row'>;

/** By what compared samples are sorted: a number after training, or how much it changed. */
export type ComparedOrder = 'id' | `${'toxicity' | 'reward' | 'rouge1' | 'tokens'}${'' | 'Change'}`;

/**
 * `GET /api/compared?runs=a,b&search=&group=&sort=toxicityChange&descending=1&offset=&limit=`: a window of
 * what runs measured before and after, a row a response.
 */
export interface ComparedWindow {
  readonly total: number;
  readonly offset: number;
  readonly rows: readonly ComparedRow[];
  /** All groups of these runs. */
  readonly groups: readonly string[];
}
export interface ComparedRow {
  readonly run: string;
  readonly before: Sample;
  readonly after: Sample;
}

/** `POST /api/playground`: a text through both policies of a run. */
export interface PlaygroundRequest {
  readonly run: string;
  readonly text: string;
  readonly seed?: number;
}
export interface PlaygroundAnswer {
  readonly before: {
    readonly response: string;
    readonly toxicity: number;
    readonly reward: number;
  };
  readonly after: { readonly response: string; readonly toxicity: number; readonly reward: number };
}

/** `POST /api/runs`: settings of a new run, as in `config.yaml`; the answer names it. */
export interface StartRequest {
  readonly job: string;
  readonly settings: Readonly<Record<string, unknown>>;
}
export interface Started {
  readonly id: string;
}

/**
 * `POST /api/jobs/defaults` with a `StartRequest`: by name, what each setting comes to where it is left
 * out, by the preset and by what follows from the other settings; what is missing has no value then.
 */
export type JobDefaults = Readonly<Record<string, unknown>>;

/** `GET /api/jobs`: what the form can start. */
export interface JobForm {
  readonly job: string;
  readonly presets: readonly string[];
  /**
   * JSON Schema of its settings with their defaults, as in `schema/`; at its top `headings`, names of
   * settings by heading.
   */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** Every refusal: what is wrong, and what can be done. */
export interface ApiError {
  readonly error: string;
}
