/** I/O: MLflow as a store of runs, over its REST API: settings, curves, verdict and files of a run. */
import { ConfigError } from '../errors.ts';
import type { JobEvent, JobStarted } from '../events.ts';
import { type Clock, clockAfter, clockAtStart, pointOf } from './curves.ts';
import { type MlflowClient, mlflowClient } from './mlflow-client.ts';
import { chunksOf, metricKey, mostMetrics } from './mlflow-limits.ts';
import {
  deleteRun,
  experimentNamed,
  logBatch,
  type Metric,
  type MlflowRun,
  makeRun,
  missingOf,
  sendFiles,
  setStatus,
  type Tag,
} from './mlflow-run.ts';
import type { Position, RunRecord, RunStore } from './store.ts';

export interface MlflowOptions {
  /** Of the server. @default MLFLOW_TRACKING_URI */
  readonly trackingUri?: string | undefined;
  /** Its name; made where it is missing. @default MLFLOW_EXPERIMENT_NAME, else tactful */
  readonly experiment?: string | undefined;
  /** Has also the credentials, as MLflow's own client reads them. @default process.env */
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds before each further try of a request that changes nothing. @default 200, 1000 */
  readonly pauses?: readonly number[];
}

/** What is sent again is asked for curve by curve: one answer that is lost must not spoil all. */
const usualPauses = [200, 1000];

/** How far a run is at the server. */
interface Place extends MlflowRun, Clock {
  /** Of the log. */
  readonly events: number;
  /** Of these, up to the last one with metrics. */
  readonly shown: number;
  /** 1 of a run that has been finished, else 0. */
  readonly ended: number;
}

/**
 * Nothing is asked of the server before the first call.
 * @throws {ConfigError} when there is no address, or a password in the setting
 */
export function mlflowStore(options: MlflowOptions): RunStore {
  const { env = process.env, pauses = usualPauses } = options;
  const { trackingUri = env.MLFLOW_TRACKING_URI } = options;
  const name = options.experiment ?? (env.MLFLOW_EXPERIMENT_NAME || 'tactful');
  if (!trackingUri) {
    const remedy = 'Set MLFLOW_TRACKING_URI, or `trackingUri`.';
    throw new ConfigError('store mlflow', 'the address of a server', 'none', remedy);
  }
  refuseSecret(options.trackingUri);
  const client = mlflowClient({ uri: trackingUri, env, pauses });
  /** Of each run's folder, how far it surely is: what came after is sent only where it is missing. */
  const sure = new Map<string, number>();
  return {
    name: 'mlflow',
    says: `MLflow at ${client.uri}, experiment ${name}`,
    async check() {
      await experimentNamed(client, name);
    },
    async *deliver(run: RunRecord, from: Position) {
      const started = run.events.find((event) => event.type === 'started');
      if (started === undefined) return;
      let place = placeOf(client, from);
      if (place === undefined) {
        const made = await makeRun(client, await experimentNamed(client, name), started);
        place = { ...made, ...clockAtStart, events: 0, shown: 0, ended: 0 };
        sure.set(run.folder, 0);
        yield positionOf(client, place);
      }
      while (place.events < run.events.length) {
        const isSure = sure.get(run.folder) === place.events;
        sure.delete(run.folder);
        place = await deliverBatch(client, run, started, place, isSure);
        sure.set(run.folder, place.events);
        yield positionOf(client, place);
      }
    },
    /**
     * Of metrics MLflow takes none back: another run takes the place of one that has too many. One that
     * had come to its end stays beside it.
     */
    async rewind({ folder, events }: RunRecord, from: Position, common: number) {
      sure.delete(folder);
      const { memo } = from;
      const place = placeOf(client, from);
      if (place === undefined || common < place.shown) {
        const stays = common === 0 && place?.ended === 1;
        if (place && !stays) await deleteRun(client, place.run);
        return { events: 0 };
      }
      const { step, seconds } = events
        .slice(0, common)
        .reduce((clock: Clock, event) => clockAfter(event, clock), clockAtStart);
      return { events: common, memo: { ...memo, step, seconds } };
    },
    async close() {
      client.close();
    },
  };
}

/** A setting is kept in the run's folder, and sent along with it. */
function refuseSecret(trackingUri: string | undefined): void {
  const { username = '', password = '' } =
    trackingUri !== undefined && URL.canParse(trackingUri) ? new URL(trackingUri) : {};
  if (!username && !password) return;
  throw new ConfigError(
    '`trackingUri`',
    'an address without a password',
    'one that would be kept in config.yaml',
    'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_URI.',
  );
}

/** What is known of a run at this server. */
function placeOf({ uri }: MlflowClient, { events, memo }: Position): Place | undefined {
  if (memo === undefined || memo.uri !== uri) return undefined;
  const [run, artifacts] = [memo.run, memo.artifacts].map(String);
  const numbers = [memo.shown, memo.step, memo.seconds, memo.ended ?? 0].map(Number);
  const [shown, step, seconds, ended] = numbers;
  return { events, shown, step, seconds, ended, run, artifacts };
}

function positionOf({ uri }: MlflowClient, { events, ...place }: Place): Position {
  return { events, memo: { uri, ...place } };
}

/** What comes next, up to an event that changes the run itself, or as much as goes at once. */
async function deliverBatch(
  client: MlflowClient,
  { folder, events }: RunRecord,
  started: JobStarted,
  from: Place,
  isSure: boolean,
): Promise<Place> {
  const begun = Date.parse(started.time);
  const metrics: Metric[] = [];
  let place = from;
  let turn: JobEvent | undefined;
  while (place.events < events.length && metrics.length < mostMetrics / 2 && !turn) {
    const event = events[place.events];
    const more = metricsOf(event, place, begun);
    const after = { ...place, ...clockAfter(event, place), events: place.events + 1 };
    place = more.length > 0 ? { ...after, shown: after.events } : after;
    metrics.push(...more);
    if (turns.has(event.type)) turn = event;
    if (event.type === 'finished') place = { ...place, ended: 1 };
  }
  const missing = isSure ? metrics : await missingOf(client, place.run, metrics);
  const tags = turn ? tagsOf(turn) : [];
  for (const chunk of chunksOf(missing, mostMetrics)) await logBatch(client, place.run, chunk, []);
  await logBatch(client, place.run, [], tags);
  if (turn) await tellTurn(client, turn, place, folder, begun);
  return place;
}

function metricsOf(event: JobEvent, clock: Clock, begun: number): Metric[] {
  const { step, seconds, scalars } = pointOf(event, clock);
  const timestamp = begun + Math.round(1000 * seconds);
  return Object.entries(scalars).map(([name, value]) => {
    return { key: metricKey(name), value, timestamp, step };
  });
}

/** Events that change more of a run than its curves. */
const turns: ReadonlySet<string> = new Set([
  'resumed',
  'compared',
  'stopped',
  'finished',
  'judged',
]);

function tagsOf(event: JobEvent): Tag[] {
  if (event.type !== 'compared') return [];
  return [{ key: 'tactful.verdict', value: event.comparison.verdict }];
}

async function tellTurn(
  client: MlflowClient,
  event: JobEvent,
  place: Place,
  folder: string,
  begun: number,
): Promise<void> {
  const { run } = place;
  if (event.type === 'resumed') return setStatus(client, run, 'RUNNING');
  if (event.type === 'compared') return;
  await sendFiles(client, place, folder);
  if (event.type === 'judged') return;
  const [status, seconds] =
    event.type === 'finished'
      ? (['FINISHED', event.seconds] as const)
      : (['KILLED', place.seconds] as const);
  await setStatus(client, run, status, begun + Math.round(1000 * seconds));
}
