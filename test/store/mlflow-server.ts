/**
 * I/O: a small tracking server with MLflow's rules: what it refuses, how much it takes, and that metrics
 * only ever come on top. Written after MLflow 3.17's handlers and utils/validation.py.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';

export interface Logged {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

export interface ServedRun {
  readonly id: string;
  readonly experiment: string;
  name: string;
  status: string;
  end?: number;
  deleted: boolean;
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: Logged[];
}

export interface MlflowServer {
  readonly server: Server;
  readonly runs: ServedRun[];
  /** By their whole path. */
  readonly files: Map<string, Buffer>;
  /** Requests so far, as `POST runs/create`. */
  readonly requests: string[];
  /** What becomes of requests, by their number from 0: done or not, and what is answered. */
  fault: (number: number, request: string) => Fault;
}

/** `lost`: done, but the connection is cut before the answer. */
export type Fault = undefined | 'lost' | 'cut' | number;

interface Refusal {
  readonly status: number;
  readonly error_code: string;
  readonly message: string;
}

type Body = Record<string, unknown>;

/** @param token that it asks for; none of anybody when missing */
export function mlflowServer(token?: string): MlflowServer {
  const experiments = new Map<string, string>();
  const runs: ServedRun[] = [];
  const files = new Map<string, Buffer>();
  const requests: string[] = [];

  const runOf = (id: unknown, active = true): ServedRun => {
    const run = runs.find((one) => one.id === id);
    if (run === undefined) throw refused(404, 'RESOURCE_DOES_NOT_EXIST', `no run ${id}`);
    if (active && run.deleted) throw invalid(`run ${id} must be in the 'active' state`);
    return run;
  };
  const info = (run: ServedRun) => ({
    run_id: run.id,
    artifact_uri: `mlflow-artifacts:/${run.experiment}/${run.id}/artifacts`,
    status: run.status,
  });
  const handlers: Record<string, (body: Body) => unknown> = {
    'GET experiments/get-by-name': ({ experiment_name: name }) => {
      const id = experiments.get(String(name));
      if (id === undefined) throw refused(404, 'RESOURCE_DOES_NOT_EXIST', `no ${name}`);
      return { experiment: { experiment_id: id, lifecycle_stage: 'active' } };
    },
    'POST experiments/create': ({ name }) => {
      if (experiments.has(String(name))) throw refused(400, 'RESOURCE_ALREADY_EXISTS', 'there');
      experiments.set(String(name), `${experiments.size + 1}`);
      return { experiment_id: `${experiments.size}` };
    },
    'POST runs/search': ({ experiment_ids, filter }) => {
      const [, key, value] = /^tags\.`(.+)` = '(.+)'$/.exec(String(filter)) ?? [];
      const found = runs.filter((run) => {
        const here = (experiment_ids as string[]).includes(run.experiment);
        return here && !run.deleted && run.tags.get(key) === value;
      });
      return { runs: found.map((run) => ({ info: info(run) })) };
    },
    'POST runs/create': ({ experiment_id, run_name, tags }) => {
      const id = `run${runs.length}`;
      const run = { id, experiment: String(experiment_id), name: String(run_name) };
      const empty = { params: new Map(), tags: new Map(), metrics: [] };
      runs.push({ ...run, ...empty, status: 'RUNNING', deleted: false });
      setTags(runs.at(-1)!, tags);
      return { run: { info: info(runs.at(-1)!) } };
    },
    'POST runs/delete': ({ run_id }) => {
      runOf(run_id, false).deleted = true;
      return {};
    },
    'POST runs/update': ({ run_id, status, end_time }) => {
      Object.assign(runOf(run_id), { status, ...(end_time !== undefined && { end: end_time }) });
      return {};
    },
    'POST runs/log-batch': ({ run_id, metrics = [], params = [], tags = [] }) => {
      const run = runOf(run_id);
      const [all, given] = [metrics as Logged[], params as { key: string; value: string }[]];
      const count = all.length + given.length + (tags as unknown[]).length;
      if (all.length > 1000 || given.length > 100 || count > 1000) throw invalid('too many');
      for (const { key } of [...all, ...given]) checkName(key);
      for (const { value } of all) if (!Number.isFinite(value)) throw invalid(`value ${value}`);
      for (const { key, value } of given) {
        if (value.length > 6000) throw invalid(`parameter ${key} is too long`);
        if ((run.params.get(key) ?? value) !== value) throw invalid(`parameter ${key} changed`);
        run.params.set(key, value);
      }
      run.metrics.push(...all);
      setTags(run, tags);
      return {};
    },
    'GET metrics/get-history': ({ run_id, metric_key, page_token }) => {
      const all = runOf(run_id).metrics.filter(({ key }) => key === metric_key);
      const [from, size] = [Number(page_token ?? 0), 3];
      const more = from + size < all.length && { next_page_token: `${from + size}` };
      return { metrics: all.slice(from, from + size), ...more };
    },
  };

  const answer = (method: string, path: string, query: URLSearchParams, body: Buffer): unknown => {
    const artifacts = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.+)$/.exec(path)?.[1];
    if (artifacts !== undefined && method === 'PUT') {
      files.set(decodeURIComponent(artifacts), body);
      return {};
    }
    const handler = handlers[nameOf(method, path)];
    if (handler === undefined) throw refused(404, '', 'Not Found');
    if (body.length > 1e6) throw invalid('request of more than 1 MB');
    return handler(method === 'GET' ? Object.fromEntries(query) : JSON.parse(body.toString()));
  };

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://here');
    const { method = '' } = request;
    const name = nameOf(method, pathname);
    requests.push(name);
    const fault = served.fault(requests.length - 1, name);
    if (fault === 'cut') return void request.socket.destroy();
    const reply = (status: number, content: unknown) => {
      if (fault === 'lost') return void request.socket.destroy();
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    };
    if (typeof fault === 'number') return reply(fault, 'not now');
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return reply(401, 'You are not authenticated.');
    }
    try {
      reply(200, answer(method, pathname, searchParams, body));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const { status, ...content } = error;
      reply(status, content.error_code === '' ? content.message : content);
    }
  });
  const served: MlflowServer = { server, runs, files, requests, fault: () => undefined };
  return served;
}

function nameOf(method: string, path: string): string {
  return `${method} ${path.replace(/^\/api\/2\.0\/(mlflow\/)?/, '')}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function setTags(run: ServedRun, tags: unknown): void {
  for (const { key, value } of (tags ?? []) as { key: string; value: string }[]) {
    checkName(key);
    if (value.length > 5000) throw invalid(`tag ${key} is too long`);
    run.tags.set(key, value);
  }
}

/** Letters of any script are among Python's \w. */
function checkName(name: string): void {
  const parts = name.split('/');
  const odd = !/^[/\p{L}\p{N}_.\- :]*$/u.test(name) || name.length > 250;
  if (odd || parts.some((part) => /^\.{0,2}$/.test(part))) throw invalid(`name "${name}"`);
}

function refused(status: number, error_code: string, message: string): Refusal {
  return { status, error_code, message };
}

function invalid(message: string): Refusal {
  return refused(400, 'INVALID_PARAMETER_VALUE', message);
}

function isRefusal(error: unknown): error is Refusal {
  return typeof error === 'object' && error !== null && 'error_code' in error;
}
