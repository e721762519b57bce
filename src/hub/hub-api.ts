/**
 * The `fetch` under @huggingface/hub: it gives the token to the hub alone (the library's own takes it
 * along to any next page), tries again, bounds answers, and turns a refusal into a sentence while the
 * headers are there that say what it was. I/O.
 */
import { InputError, TactfulError } from '../errors.ts';
import { printable } from './hub-errors.ts';
import type { HubSettings } from './hub-settings.ts';
import {
  type Authorization,
  busy,
  lost,
  type Patience,
  pauseAfter,
  plain,
  type SendOptions,
  send,
  type Watch,
  watch,
} from './request.ts';

/** Answers of the API are JSON of some kilobytes; a page of a list may have a thousand files. */
const largestAnswer = 2 ** 26;

/**
 * A `fetch` for @huggingface/hub: with patience, the token for the hub alone, and a bound on answers.
 * @param refusal the error that an answer which is not 2xx becomes; it is passed on where undefined
 * @param sent told of the bytes of a body, as they go
 */
export function apiFetch(
  settings: HubSettings,
  patience: Patience,
  refusal: (answer: Response) => TactfulError | undefined,
  sent: (bytes: number) => void = () => undefined,
): typeof fetch {
  return async (input, init = {}) => {
    const url = String(input instanceof Request ? input.url : input);
    const { method = 'GET', body } = init;
    let looking = watch(patience);
    const watched = watchedBody(body as string | Blob | undefined, (bytes) => {
      looking.arm();
      sent(bytes);
    });
    const { authorization: _, ...headers } = Object.fromEntries(new Headers(init.headers));
    for (let tries = 1; ; ) {
      looking = watch(patience);
      try {
        looking.arm();
        return await once(url, { method, headers, body: watched }, settings, looking, refusal);
      } catch (error) {
        looking.disarm();
        if (method === 'POST') throw error; // it may have been done
        await pauseAfter(error, tries++, patience);
      } finally {
        looking.disarm();
      }
    }
  };
}

async function once(
  url: string,
  request: Pick<SendOptions, 'method' | 'headers' | 'body'>,
  settings: HubSettings,
  looking: Watch,
  refusal: (answer: Response) => TactfulError | undefined,
): Promise<Response> {
  const { signal } = looking;
  const headers = { ...agent, ...request.headers };
  const authorization = authorizationOf(settings);
  const { proxies } = settings;
  const answer = await send(url, { ...request, headers, authorization, proxies, signal });
  const bytes = await readAll(answer, url, looking);
  const whole = new Response(bytes.length > 0 ? bytes : null, answer);
  if (!answer.ok) {
    const error = busy(answer, url) ?? refusal(whole);
    if (error) throw error;
  }
  return whole;
}

/** Who asks. */
export const agent = { 'user-agent': `tactful; node/${process.versions.node}` };

/** The token, for the hub alone. */
export function authorizationOf({ endpoint, token }: HubSettings): Authorization | undefined {
  return token && { origin: new URL(endpoint).origin, value: `Bearer ${token.value}` };
}

/** A file that tells of its bytes when it is read; it is never in memory as a whole. */
function watchedBody(
  body: string | Blob | undefined,
  sent: (bytes: number) => void,
): string | Blob | undefined {
  if (!(body instanceof Blob)) return body;
  const original = body.stream.bind(body);
  Object.defineProperty(body, 'stream', {
    configurable: true,
    value: () =>
      original().pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            sent(chunk.length);
            controller.enqueue(chunk);
          },
        }),
      ),
  });
  return body;
}

async function readAll(answer: Response, url: string, looking: Watch): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of answer.body ?? []) {
      looking.arm();
      size += piece.length;
      if (size > largestAnswer) {
        throw new InputError(plain(url), `at most ${largestAnswer} bytes`, 'more');
      }
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof TactfulError) throw cause;
    throw lost(url, looking.signal, cause, 'a whole answer');
  }
  return Buffer.concat(pieces);
}

/** Our own errors as they are; the library's are about answers that are not the hub's. */
export function asAnswer(cause: unknown, { endpoint }: HubSettings, { signal }: Patience): unknown {
  if (cause instanceof TactfulError || signal.aborted) return cause;
  const remedy = 'Is HF_ENDPOINT a hub, and is no sign-in page in between?';
  const got = printable((cause as Error).message);
  return new InputError(endpoint, "the hub's JSON", got, remedy, cause);
}
