/** I/O: an HTTP server before a DynamoDB emulator that leaves items unprocessed, as AWS does. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Starts a server on a free port of this machine; gives its address. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface FaultProxy {
  readonly server: Server;
  /** Items of each BatchWriteItem seen, and how many of them were sent on. */
  readonly batches: { readonly items: number; readonly written: number }[];
}

/** The first `faults` batches lose every other item, and at least one, to UnprocessedItems. */
export function faultProxy(target: string, faults: number): FaultProxy {
  const batches: FaultProxy['batches'] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    let body = Buffer.concat(chunks).toString();
    const unprocessed: Record<string, unknown[]> = {};
    if (String(request.headers['x-amz-target']).endsWith('BatchWriteItem')) {
      const { RequestItems, ...rest } = JSON.parse(body);
      const [[table, items]] = Object.entries<unknown[]>(RequestItems);
      const lost = batches.length < faults ? items.filter((_, i) => i % 2 === 0) : [];
      const kept = items.filter((item) => !lost.includes(item));
      batches.push({ items: items.length, written: kept.length });
      if (lost.length > 0) unprocessed[table] = lost;
      body = kept.length > 0 ? JSON.stringify({ RequestItems: { [table]: kept }, ...rest }) : '';
    }
    const { host: _, 'content-length': __, ...headers } = request.headers;
    const answer = body
      ? await fetch(target, { method: 'POST', headers: headers as Record<string, string>, body })
      : undefined;
    const text = (await answer?.text()) ?? '{}';
    const faulty = Object.keys(unprocessed).length > 0 && (answer?.ok ?? true);
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(
      faulty ? JSON.stringify({ ...JSON.parse(text), UnprocessedItems: unprocessed }) : text,
    );
  });
  return { server, batches };
}
