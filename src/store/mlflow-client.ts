/** I/O: requests to an MLflow server's REST API, and its refusals as errors that say what to do. */
import { setTimeout } from 'node:timers/promises';
import type { z } from 'zod';
import { ConfigError, TactfulError, UnavailableError } from '../errors.ts';
import { proxySettings } from '../hub/proxy.ts';
import { type Authorization, busy, plain, send } from '../hub/request.ts';

/** What the server will not take, by its own code. */
export class Refused extends ConfigError {
  readonly reason: string;
  constructor(where: string, reason: string, message: string, remedy = '') {
    super(where, 'a server that takes the run', `${reason}: ${message}`, remedy);
    this.reason = reason;
  }
}

export interface MlflowClient {
  /** Without a password that it may have. */
  readonly uri: string;
  /** @param path below `api/2.0/mlflow/` */
  get<T>(path: string, query: Readonly<Record<string, string>>, answer: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: object, answer: z.ZodType<T>): Promise<T>;
  /** A file of a run. @param path below the server's place of artifacts */
  put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Ends what is under way. */
  close(): void;
}

export interface MlflowAccess {
  /** Of the server. */
  readonly uri: string;
  /** Has the credentials, and proxies. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds before each further try of a request that changes nothing. */
  readonly pauses: readonly number[];
}

/** Milliseconds that an answer may take, and a file. */
const answerTimeout = 30_000;
const fileTimeout = 600_000;

/**
 * Nothing is asked before the first call. Every call throws UnavailableError where another try may help,
 * and ConfigError where none will.
 * @throws {ConfigError} when the address is none of a server
 */
export function mlflowClient({ uri, env, pauses }: MlflowAccess): MlflowClient {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const remedy = 'Start `mlflow server` on what you have, and name its address.';
    throw new ConfigError(
      '`trackingUri` of MLflow',
      'the address of a server, as http://127.0.0.1:5000',
      `"${plain(uri)}"`,
      remedy,
    );
  }
  const base = uri.replace(/\/+$/, '');
  const where = `MLflow at ${plain(base)}`;
  const authorization = authorizationOf(url.origin, env);
  const closed = new AbortController();
  const proxies = proxySettings(env);

  const ask = async (
    method: string,
    path: string,
    body: string | Blob | undefined,
    timeout: number,
  ): Promise<string> => {
    const address = `${base}/api/2.0/${path}`;
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(timeout)]);
    const headers = body === undefined ? {} : { 'content-type': typeOf(body) };
    const remedy = 'Is the address right, and is `mlflow server` running there?';
    const about = { method, headers, body, authorization, proxies, signal, remedy };
    try {
      const answer = await send(address, about);
      const text = await answer.text();
      if (!answer.ok) throw refusal(where, answer, address, text);
      return text;
    } catch (cause) {
      if (cause instanceof TactfulError) throw cause;
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new UnavailableError(where, 'an answer', message, remedy, cause);
    }
  };
  const asked = async <T>(answer: z.ZodType<T>, work: Promise<string>): Promise<T> => {
    const { data } = answer.safeParse(jsonOf(await work));
    if (data !== undefined) return data;
    throw new ConfigError(where, 'an MLflow server', 'another answer', 'Is the address right?');
  };
  return {
    uri: plain(base),
    async get(path, query, answer) {
      const address = `mlflow/${path}?${new URLSearchParams(query)}`;
      for (const pause of pauses) {
        try {
          return await asked(answer, ask('GET', address, undefined, answerTimeout));
        } catch (error) {
          if (!(error instanceof UnavailableError) || closed.signal.aborted) throw error;
        }
        await setTimeout(pause, undefined, { signal: closed.signal }).catch(() => {});
      }
      return asked(answer, ask('GET', address, undefined, answerTimeout));
    },
    post: (path, body, answer) =>
      asked(answer, ask('POST', `mlflow/${path}`, JSON.stringify(body), answerTimeout)),
    async put(path, bytes) {
      const below = path.split('/').map(encodeURIComponent).join('/');
      await ask('PUT', `mlflow-artifacts/artifacts/${below}`, new Blob([bytes]), fileTimeout);
    },
    close: () => closed.abort(new Error('closed')),
  };
}

function typeOf(body: string | Blob): string {
  return typeof body === 'string' ? 'application/json' : 'application/octet-stream';
}

/** As MLflow's own client takes them. */
function authorizationOf(origin: string, env: NodeJS.ProcessEnv): Authorization | undefined {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: name } = env;
  if (name) {
    const pair = `${name}:${env.MLFLOW_TRACKING_PASSWORD ?? ''}`;
    return { origin, value: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
  return token ? { origin, value: `Bearer ${token}` } : undefined;
}

function refusal(where: string, answer: Response, address: string, text: string): TactfulError {
  const { status } = answer;
  const { error_code, message = text } = (jsonOf(text) ?? {}) as Partial<Record<string, string>>;
  const said = String(message).slice(0, 300);
  if (status === 401 || status === 403) {
    const remedy =
      'Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.';
    return new ConfigError(where, 'credentials that it takes', `status ${status}`, remedy);
  }
  const later = busy(answer, address);
  if (later) return new UnavailableError(where, 'success', `${later.summary} ${said}`.trim());
  if (error_code === undefined) {
    const remedy = 'Is the address right?';
    return new ConfigError(where, 'an MLflow server', `status ${status}`, remedy);
  }
  return new Refused(where, error_code, said);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
