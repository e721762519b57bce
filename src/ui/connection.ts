/** I/O: the way to the server: JSON with the token, and the events of a run, which outlast a lost network. */
import type { ApiError, LiveEvent } from '../api.ts';

export interface Connection {
  readonly fetch: typeof fetch;
  readonly token: () => string;
  /** Milliseconds before the n-th try, from 1. */
  readonly pause: (attempt: number) => number;
  /** Told when the server does not take the token. */
  readonly refused: () => void;
}

/** The server has answered, and will not answer otherwise: its words. */
export class RefusedError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.status = status;
  }
}

/** Half a second, doubled at every try, at most ten seconds. */
export function pauseBefore(attempt: number): number {
  return Math.min(10_000, 500 * 2 ** (attempt - 1));
}

/** What the server answers to a GET; its refusals are errors in its words. */
export async function get<Answer>(connection: Connection, path: string): Promise<Answer> {
  const headers = headersOf(connection);
  return answerOf<Answer>(connection, await connection.fetch(path, { headers }));
}

/** What it answers to a POST of this, as JSON. */
export async function post<Answer>(
  connection: Connection,
  path: string,
  body: object,
  signal?: AbortSignal,
): Promise<Answer> {
  const headers = { ...headersOf(connection), 'content-type': 'application/json' };
  const request = { method: 'POST', headers, body: JSON.stringify(body) };
  const answer = await connection.fetch(path, { ...request, ...(signal && { signal }) });
  return answerOf<Answer>(connection, answer);
}

async function answerOf<Answer>(connection: Connection, answer: Response): Promise<Answer> {
  const { status } = answer;
  if (status === 401) connection.refused();
  const body = (await answer.json().catch(() => undefined)) as Answer | ApiError | undefined;
  if (answer.ok) return body as Answer;
  throw new RefusedError(status, (body as ApiError | undefined)?.error ?? `HTTP ${status}`);
}

function headersOf({ token }: Connection): Record<string, string> {
  return { authorization: `Bearer ${token()}` };
}

/** One message of a stream of server-sent events. */
export interface Message {
  readonly id?: string;
  readonly data: string;
}

/** The whole messages in a text, and the rest that is none yet. */
export function messagesIn(text: string): { messages: Message[]; rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  const messages = blocks.flatMap((block) => {
    const lines = block.split('\n');
    const data = lines.filter((line) => line.startsWith('data:')).map(fieldOf);
    const id = lines
      .filter((line) => line.startsWith('id:'))
      .map(fieldOf)
      .at(-1);
    if (data.length === 0) return [];
    return [{ data: data.join('\n'), ...(id !== undefined && { id }) }];
  });
  return { messages, rest };
}

function fieldOf(line: string): string {
  return line.slice(line.indexOf(':') + 1).replace(/^ /, '');
}

export interface Listener {
  /** Events that came together. */
  readonly events: (events: readonly LiveEvent[]) => void;
  /** Whether the connection stands. */
  readonly connected: (is: boolean) => void;
}

export interface Following {
  /**
   * `live` holds a connection, of which browsers have six for all of a server's pages; `polled` asks
   * now and then; `once` takes what is there. @default 'live'
   */
  readonly mode?: 'live' | 'polled' | 'once';
  /** The last event that came, here and in earlier calls with this place. */
  readonly place?: { id?: string };
}

/** What no other try changes; a run that is not there may come. */
const final = [400, 401, 403];
/** Milliseconds between two questions of `polled`. */
const pollPause = 3000;
/** Milliseconds of work after which the screen gets its turn. */
const turn = 8;

/** Follows a stream until the signal or a refusal says stop; goes on after the last event that came. */
export async function follow(
  connection: Connection,
  path: string,
  listener: Listener,
  signal: AbortSignal,
  { mode = 'live', place = {} }: Following = {},
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt++) {
    let isWhole = false;
    try {
      const headers = {
        ...headersOf(connection),
        ...(place.id !== undefined && { 'last-event-id': place.id }),
      };
      const asked = mode === 'live' ? path : `${path}?once`;
      const answer = await connection.fetch(asked, { headers, signal });
      if (final.includes(answer.status)) {
        if (answer.status === 401) connection.refused();
        return listener.connected(false);
      }
      if (!answer.ok || !answer.body) throw new Error(`${path}: ${answer.status}`);
      listener.connected(true);
      for await (const messages of messagesOf(answer.body)) {
        attempt = 0;
        place.id = messages.findLast(({ id }) => id !== undefined)?.id ?? place.id ?? '';
        listener.events(messages.map(({ data }) => JSON.parse(data) as LiveEvent));
      }
      isWhole = mode !== 'live';
    } catch {
      // whatever it was, the next try tells
    }
    if (signal.aborted || (isWhole && mode === 'once')) return;
    if (isWhole) attempt = 0;
    else listener.connected(false);
    await sleep(isWhole ? pollPause : connection.pause(Math.max(1, attempt)), signal);
  }
}

/** Messages that came together, with a pause for the screen wherever there are many. */
async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Message[]> {
  let text = '';
  let since = performance.now();
  for await (const part of textsOf(body)) {
    const { messages, rest } = messagesIn(text + part);
    text = rest;
    if (messages.length > 0) yield messages;
    if (performance.now() - since < turn) continue;
    await new Promise((resolve) => setTimeout(resolve));
    since = performance.now();
  }
}

async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
