/** I/O: one request to a chat endpoint as OpenAI has it, by the `openai` package, an optional one. */
import type OpenAi from 'openai';
import { z } from 'zod';
import { ConfigError, UnavailableError } from '../../errors.ts';
import { fetchThrough, proxyFor, proxySettings } from '../../hub/proxy.ts';
import { plain } from '../../hub/request.ts';
import { longestReply, type Usage } from './budget.ts';
import type { Question } from './questions.ts';

/** Where the model is, and what it is called there. */
export interface EndpointOptions {
  /** `https://api.openai.com/v1`, `http://localhost:11434/v1`: what stands before `/chat/completions`. */
  readonly url: string;
  readonly model: string;
  /** Sent to that server alone. @default none */
  readonly key?: string | undefined;
  /** Milliseconds that an answer may take. @default 120000 */
  readonly timeout?: number;
}

/** What came of one request. */
export type Outcome =
  | { readonly kind: 'reply'; readonly text: string; readonly usage?: Usage }
  /** The model will not, or the server does not take this request: the same again is of no use. */
  | { readonly kind: 'refused'; readonly why: string; readonly usage?: Usage }
  /** The server cannot just now. */
  | {
      readonly kind: 'busy';
      readonly why: string;
      /** Milliseconds that it asks to wait. */
      readonly pause: number;
      /** Nothing answers at this address. */
      readonly isNobody?: boolean;
    };

export interface Endpoint {
  /** @throws {UnavailableError} when no request can succeed: a wrong key, address or model */
  ask(question: Question<unknown>, signal?: AbortSignal): Promise<Outcome>;
}

/** Fields that some servers do not take, and what is sent in their place. */
type Extras = Readonly<Record<string, unknown>>;

/** More bytes than any reply of `longestReply` tokens. */
const longestBody = 4_000_000;

const Completion = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
        }),
      }),
    )
    .min(1),
  usage: z
    .object({
      prompt_tokens: z.number().nonnegative(),
      completion_tokens: z.number().nonnegative(),
    })
    .nullish()
    .catch(undefined),
});

/**
 * Checks the address, and loads the package.
 * @throws {ConfigError} when it is no address of a server
 * @throws {UnavailableError} when the package is not installed
 */
export async function openEndpoint(
  { url, model, key, timeout = 120_000 }: EndpointOptions,
  load: () => Promise<{ default: typeof OpenAi }> = () => import('openai'),
): Promise<Endpoint> {
  checkAddress(url);
  const { default: Client } = await load().catch((cause: unknown) => {
    const remedy = 'Run: npm install openai';
    throw new UnavailableError('LLM judge', 'the package openai', 'no such package', remedy, cause);
  });
  const client = new Client({
    baseURL: url.replace(/\/+$/, ''),
    apiKey: key || 'none',
    // what the environment says of them is meant for another server, and for another program
    ...{ organization: null, project: null, logLevel: 'off' as const },
    ...{ timeout, maxRetries: 0, fetch: fetchWhole },
  });
  let left: readonly string[] = [];
  let isThere = false;
  return {
    async ask(question, signal) {
      for (;;) {
        const extras = extrasOf(question, left);
        const outcome = await attempt(client, { model, question, extras, url, signal });
        if (outcome.kind === 'busy' && outcome.isNobody && !isThere) throw nobody(url, outcome.why);
        isThere = true;
        if (outcome.kind !== 'refused' || !('status' in outcome)) return outcome;
        const unwanted = unwantedIn(outcome.why, Object.keys(extras));
        if (unwanted === undefined) return { kind: 'refused', why: outcome.why };
        left = [...new Set([...left, unwanted])];
      }
    },
  };
}

function checkAddress(url: string): void {
  const expected = 'an address such as http://localhost:11434/v1';
  if (!URL.canParse(url)) throw new ConfigError('`endpoint`', expected, JSON.stringify(url));
  const { protocol, username, password } = new URL(url);
  if (!/^https?:$/.test(protocol)) throw new ConfigError('`endpoint`', expected, protocol);
  if (!username && !password) return;
  const remedy = 'Put the key into a variable of the environment, and name that by `keyVariable`.';
  throw new ConfigError('`endpoint`', expected, 'one with a name or password in it', remedy);
}

/** What makes answers surer, without the fields that this server has shown not to take. */
function extrasOf({ name, schema }: Question<unknown>, left: readonly string[]): Extras {
  const format = { type: 'json_schema', json_schema: { name, strict: true, schema } };
  const limit = left.includes('max_tokens') ? 'max_completion_tokens' : 'max_tokens';
  const all = { response_format: format, temperature: 0, [limit]: longestReply };
  return Object.fromEntries(Object.entries(all).filter(([field]) => !left.includes(field)));
}

/** The field that the server complains of; where it names none, the one that is newest. */
function unwantedIn(why: string, fields: readonly string[]): string | undefined {
  const named = fields.find((field) => why.includes(field));
  const alias = /json_schema|schema|structured/i.test(why) ? 'response_format' : undefined;
  const found = named ?? alias ?? 'response_format';
  return fields.includes(found) ? found : undefined;
}

interface Attempt {
  readonly model: string;
  readonly question: Question<unknown>;
  readonly extras: Extras;
  readonly url: string;
  readonly signal: AbortSignal | undefined;
}

type Attempted =
  | Outcome
  | { readonly kind: 'refused'; readonly why: string; readonly status: number };

async function attempt(
  client: OpenAi,
  { model, question, extras, url, signal }: Attempt,
): Promise<Attempted> {
  const messages = [...question.messages];
  const body = { model, messages, stream: false as const, ...extras };
  try {
    // the package leaves its listener on the signal: each request gets one of its own
    const own = signal ? { signal: AbortSignal.any([signal]) } : {};
    const answer: unknown = await client.chat.completions.create(body, own);
    return read(answer);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    return failure(error, { model, url });
  }
}

function read(answer: unknown): Outcome {
  const { data } = Completion.safeParse(answer);
  if (!data) {
    const shown = (JSON.stringify(answer) ?? 'nothing').slice(0, 120);
    return { kind: 'busy', why: `an answer that is no chat completion: ${shown}`, pause: 0 };
  }
  const [{ message }] = data.choices;
  const { prompt_tokens: input = 0, completion_tokens: output = 0 } = data.usage ?? {};
  const usage = data.usage ? { usage: { input, output } } : {};
  if (message.refusal) return { kind: 'refused', why: message.refusal, ...usage };
  return { kind: 'reply', text: message.content ?? '', ...usage };
}

/** @throws {UnavailableError} when every request would fail like this one */
function failure(error: unknown, { model, url }: Pick<Attempt, 'model' | 'url'>): Attempted {
  const { status, headers, message } = error as Partial<InstanceType<typeof OpenAi.APIError>>;
  const why = (message ?? String(error)).slice(0, 300);
  if (status === undefined) {
    const cause = causeOf(error);
    const isNobody =
      /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|CERT|SSL|bad port/.test(cause);
    return { kind: 'busy', why: [why, cause].join(' ').trim(), pause: 0, isNobody };
  }
  if (status === 401 || status === 403) {
    const remedy = 'Name the variable that holds the key by `keyVariable`.';
    throw new UnavailableError(plain(url), 'leave to ask', why, remedy, error);
  }
  if (status === 404 || status === 405) {
    const remedy = 'Check the address, which often ends in /v1, and the name of the model.';
    throw new UnavailableError(plain(url), `the model ${model}`, why, remedy, error);
  }
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    return { kind: 'busy', why, pause: pauseIn(headers) };
  }
  return { kind: 'refused', why, status };
}

function nobody(url: string, why: string): UnavailableError {
  const remedy = 'Is the address right, and is a server running there?';
  return new UnavailableError(plain(url), 'an answer', why, remedy);
}

function causeOf(error: unknown): string {
  const { cause } = error as Error;
  if (!(cause instanceof Error)) return '';
  const { code, message } = (
    cause.cause instanceof Error ? cause.cause : cause
  ) as NodeJS.ErrnoException;
  return `(${code ?? message})`;
}

/** Milliseconds that the server asks to wait. */
function pauseIn(headers: Headers | undefined): number {
  const text = headers?.get('retry-after') ?? '';
  const pause = /^\d+(\.\d+)?$/.test(text) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Math.max(0, pause || 0);
}

/**
 * `fetch` that has read the answer when it resolves: the package's own time limit ends with the headers,
 * and a server that stops in between would be waited for without end. Goes by a proxy where one is named.
 */
async function fetchWhole(
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  const proxy = proxyFor(url, proxySettings());
  const answer = await (proxy ? fetchThrough(proxy, url, init) : fetch(url, init));
  const { status, statusText, headers } = answer;
  const body = await bytesOf(answer);
  return new Response(body.length > 0 ? body : null, { status, statusText, headers });
}

async function bytesOf({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    size += piece.length;
    if (size > longestBody) throw new Error(`an answer of more than ${longestBody} bytes`);
  }
  return Buffer.concat(pieces);
}
