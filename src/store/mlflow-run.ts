/** I/O: the run at an MLflow server that stands for one of ours: found, made, told, and its files. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { unlessMissing } from '../disk/atomic.ts';
import { ConfigError } from '../errors.ts';
import type { JobStarted } from '../events.ts';
import { type MlflowClient, Refused } from './mlflow-client.ts';
import { chunksOf, mostParameters, parametersOf } from './mlflow-limits.ts';

/** A number of a curve, as MLflow has it. */
export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** A run at a server. */
export interface MlflowRun {
  readonly run: string;
  /** Where its files go. */
  readonly artifacts: string;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

const nothing = z.unknown().transform(() => ({}));
const Info = z.object({ run_id: z.string(), artifact_uri: z.string().default('') });
const Experiment = z.object({ experiment_id: z.string(), lifecycle_stage: z.string().optional() });
const Created = z.object({ run: z.object({ info: Info }) });
const Found = z.object({ runs: z.array(z.object({ info: Info })).default([]) });
const number = z.union([z.number(), z.string()]).transform(Number);
const History = z.object({
  metrics: z.array(z.object({ timestamp: number, step: number.default(0) })).default([]),
  next_page_token: z.string().optional(),
});

/** Tag by which a run of ours is known. */
const idTag = 'tactful.id';

/**
 * Id of an experiment, which is made where there is none.
 * @throws {ConfigError} when it was deleted there
 */
export async function experimentNamed(client: MlflowClient, name: string): Promise<string> {
  const found = await known(client, name);
  if (found !== undefined) return found;
  try {
    const Made = z.object({ experiment_id: z.string() });
    return (await client.post('experiments/create', { name }, Made)).experiment_id;
  } catch (error) {
    // another process made it at the same time, or the answer to this one was lost
    const now = isRefused(error, 'RESOURCE_ALREADY_EXISTS') ? await known(client, name) : undefined;
    if (now === undefined) throw error;
    return now;
  }
}

async function known(client: MlflowClient, name: string): Promise<string | undefined> {
  const query = { experiment_name: name };
  const answer = z.object({ experiment: Experiment });
  try {
    const { experiment } = await client.get('experiments/get-by-name', query, answer);
    if (experiment.lifecycle_stage !== 'deleted') return experiment.experiment_id;
  } catch (error) {
    if (isRefused(error, 'RESOURCE_DOES_NOT_EXIST')) return undefined;
    throw error;
  }
  throw new ConfigError(
    `MLflow at ${client.uri}`,
    `an experiment "${name}"`,
    'one that was deleted',
    'Restore it there, or name another by `experiment`.',
  );
}

function isRefused(error: unknown, reason: string): boolean {
  return error instanceof Refused && error.reason === reason;
}

/** Makes a run with the settings of ours; one that stands for the same is deleted, as MLflow deletes. */
export async function makeRun(
  client: MlflowClient,
  experiment: string,
  started: JobStarted,
): Promise<MlflowRun> {
  const { runId, time, config, job = 'detox', version, engine } = started;
  const id = createHash('sha256').update(`${runId}\n${time}`).digest('hex').slice(0, 32);
  const same = { experiment_ids: [experiment], filter: `tags.\`${idTag}\` = '${id}'` };
  const { runs } = await client.post('runs/search', same, Found);
  for (const { info } of runs) await deleteRun(client, info.run_id);
  const tags: Tag[] = [
    { key: idTag, value: id },
    { key: 'mlflow.runName', value: runId },
    { key: 'mlflow.source.name', value: `tactful ${job}` },
    { key: 'mlflow.source.type', value: 'LOCAL' },
    { key: 'tactful.version', value: version },
    { key: 'tactful.engine', value: engine },
  ];
  const about = { experiment_id: experiment, run_name: runId, start_time: Date.parse(time), tags };
  const { run } = await client.post('runs/create', about, Created);
  const { run_id, artifact_uri } = run.info;
  for (const params of chunksOf(parametersOf(config), mostParameters)) {
    await client.post('runs/log-batch', { run_id, params }, nothing);
  }
  return { run: run_id, artifacts: artifact_uri };
}

/** As MLflow deletes: it can be restored there. */
export async function deleteRun(client: MlflowClient, run_id: string): Promise<void> {
  await client.post('runs/delete', { run_id }, nothing).catch((error) => {
    if (!isRefused(error, 'RESOURCE_DOES_NOT_EXIST')) throw error;
  });
}

/** Metrics and tags, at most as many as go at once. */
export async function logBatch(
  client: MlflowClient,
  run_id: string,
  metrics: readonly Metric[],
  tags: readonly Tag[],
): Promise<void> {
  if (metrics.length + tags.length === 0) return;
  await client.post('runs/log-batch', { run_id, metrics, tags }, nothing);
}

/** Of metrics those that the run does not have yet. */
export async function missingOf(
  client: MlflowClient,
  run_id: string,
  metrics: readonly Metric[],
): Promise<Metric[]> {
  const there = new Set<string>();
  const place = (key: string, { step, timestamp }: Pick<Metric, 'step' | 'timestamp'>) =>
    JSON.stringify([key, step, timestamp]);
  for (const key of new Set(metrics.map((metric) => metric.key))) {
    let page: string | undefined;
    do {
      const query = { run_id, metric_key: key, ...(page && { page_token: page }) };
      const history = await client.get('metrics/get-history', query, History);
      for (const metric of history.metrics) there.add(place(key, metric));
      page = history.next_page_token;
    } while (page);
  }
  return metrics.filter((metric) => !there.has(place(metric.key, metric)));
}

export type Status = 'RUNNING' | 'FINISHED' | 'KILLED';

/** @param end milliseconds since 1970 */
export async function setStatus(
  client: MlflowClient,
  run_id: string,
  status: Status,
  end?: number,
): Promise<void> {
  const about = { run_id, status, ...(end !== undefined && { end_time: end }) };
  await client.post('runs/update', about, nothing);
}

/** Files of a run's folder that go along: no weights but those of an adapter. */
const files = [
  ...['config.yaml', 'report.md', 'report.html', 'comparison.csv', 'training.json', 'why.json'],
  ...['samples-before.jsonl', 'samples-after.jsonl'],
];
const adapterName = 'adapter';

/** Sends what there is of them, in place of what was sent before. */
export async function sendFiles(
  client: MlflowClient,
  { run, artifacts }: MlflowRun,
  folder: string,
): Promise<void> {
  const place = /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*)$/.exec(artifacts)?.[1];
  if (place === undefined) {
    const value = `not sent: MLflow keeps them at ${artifacts}, where only its own client writes`;
    return logBatch(client, run, [], [{ key: 'tactful.files', value }]);
  }
  const adapter = await readdir(join(folder, adapterName)).catch(unlessMissing<string[]>([]));
  const names = [...files, ...adapter.map((name) => `${adapterName}/${name}`)];
  for (const name of names) {
    const bytes = await readFile(join(folder, name)).catch(unlessMissing(undefined));
    if (bytes !== undefined) await client.put(`${place}/${name}`, new Uint8Array(bytes));
  }
}
