/** I/O: a server of chat completions on this machine that answers as a test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { listen } from '../../store/fault-proxy.ts';

/** A request as the server got it. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: {
    readonly model: string;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly [field: string]: unknown;
  };
  /** What was asked about. */
  readonly texts: {
    readonly prompt?: string;
    readonly references?: readonly string[];
    readonly points?: readonly string[];
    readonly summary?: string;
  };
}

/** Answers a request, or leaves it. */
export type Answering = (asked: Asked, response: ServerResponse, place: number) => void;

/** Starts it for a test. */
export async function chatServer(answering: Answering) {
  const requests: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const texts = JSON.parse(body.messages.at(-1).content);
    const asked = { headers: request.headers, path: request.url ?? '', body, texts };
    requests.push(asked);
    answering(asked, response, requests.length - 1);
  });
  const url = `${await listen(server)}/v1`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, requests };
}

/** A completion as OpenAI's server sends it. */
export function say(
  response: ServerResponse,
  content: string | null,
  { refusal = null, usage = { prompt_tokens: 100, completion_tokens: 20 } as object | null } = {},
): void {
  const message = { role: 'assistant', content, refusal };
  const choices = [{ index: 0, message, finish_reason: 'stop' }];
  const completion = { id: 'c', object: 'chat.completion', created: 0, model: 'm', choices };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ ...completion, ...(usage && { usage }) }));
}

/** An error as OpenAI's server sends it. */
export function fail(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { message, type: 'error' } }));
}

/**
 * What an honest judge says: the points are the words of the first reference, or of the prompt; a word
 * of the summary is a claim, supported where the prompt has it, and covers the point that is the same.
 */
export function honest({ texts }: Pick<Asked, 'texts'>): string {
  const { prompt = '', references, points, summary } = texts;
  const words = (text: string) => text.split(/\s+/).filter(Boolean);
  if (summary === undefined) return JSON.stringify({ points: words(references?.[0] ?? prompt) });
  const claims = words(summary).map((claim) => ({ claim, supported: prompt.includes(claim) }));
  const covered = points?.map((point) => words(summary).includes(point));
  return JSON.stringify({ claims, covered });
}
