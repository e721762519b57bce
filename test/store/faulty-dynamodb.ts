/** I/O: an HTTP server before a DynamoDB emulator that fails as AWS and networks do, by chance. */
import { createServer, type Server } from 'node:http';
import { randomStream } from '../../src/random.ts';

/** What befalls a request. `lost`: it was done, and the answer never came. */
const faults = ['throttled', 'broken', 'cut', 'lost', 'half', 'partly'] as const;
type Fault = (typeof faults)[number];

export interface FaultyDynamo {
  readonly server: Server;
  /** How often each came about. */
  readonly counts: Record<Fault | 'well', number>;
}

interface Batch {
  readonly RequestItems: Readonly<Record<string, readonly unknown[]>>;
}

interface FaultyOptions {
  /** Of the requests. */
  readonly share: number;
  readonly seed: number;
  /** After so many batches nothing is answered any more, as if the process had been killed. */
  readonly batches?: number;
}

export function faultyDynamo(target: string, options: FaultyOptions): FaultyDynamo {
  const chance = randomStream(options.seed, ['faulty-dynamodb']);
  const counts = Object.fromEntries([...faults, 'well'].map((name) => [name, 0]));
  let batches = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const isBatch = String(request.headers['x-amz-target']).endsWith('BatchWriteItem');
    const fault = chance.next() < options.share ? chance.pick(faults) : 'well';
    const happens = fault === 'partly' && !isBatch ? 'throttled' : fault;
    counts[happens]++;
    if (isBatch && ++batches > (options.batches ?? Number.POSITIVE_INFINITY)) {
      return void response.destroy();
    }
    if (happens === 'cut') return void response.destroy();
    const { host: _, 'content-length': __, ...rest } = request.headers;
    const headers = rest as Record<string, string>;
    const pass = async (text: string) => {
      const answer = await fetch(target, { method: 'POST', headers, body: text });
      return { status: answer.status, text: await answer.text() };
    };
    const reply = (status: number, text: string) => {
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(text);
    };
    switch (happens) {
      case 'throttled':
        return reply(400, errorBody('ProvisionedThroughputExceededException'));
      case 'broken':
        return reply(500, errorBody('InternalServerError'));
      case 'lost':
        await pass(body);
        return void response.destroy();
      case 'half': {
        const { text } = await pass(body);
        const length = { 'content-length': Buffer.byteLength(text) + 10 };
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', ...length });
        response.write(text.slice(0, text.length / 2), () => response.destroy());
        return;
      }
      case 'partly': {
        const { done, left } = halves(JSON.parse(body));
        const { status, text } = await pass(JSON.stringify(done));
        if (status !== 200) return reply(status, text);
        return reply(200, JSON.stringify({ UnprocessedItems: left.RequestItems }));
      }
      default: {
        const { status, text } = await pass(body);
        return reply(status, text);
      }
    }
  });
  return { server, counts: counts as FaultyDynamo['counts'] };
}

/** A batch with the first half of its requests, at least one, and one with the others. */
function halves(batch: Batch): { done: Batch; left: Batch } {
  const [[table, requests]] = Object.entries(batch.RequestItems);
  const middle = Math.ceil(requests.length / 2);
  const left = requests.slice(middle);
  return {
    done: { ...batch, RequestItems: { [table]: requests.slice(0, middle) } },
    left: { RequestItems: left.length > 0 ? { [table]: left } : {} },
  };
}

function errorBody(name: string): string {
  return JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name });
}
