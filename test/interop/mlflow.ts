/** I/O: the real MLflow server, and before it one that loses answers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { interpreter } from './python.ts';

/** Starts it on a free port, with its files in a folder. @returns where it answers */
export async function startMlflow(
  folder: string,
): Promise<{ address: string; process: ChildProcess }> {
  const server = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', '0', '--workers', '1'];
  const files = ['--backend-store-uri', 'sqlite:///mlflow.db', '--artifacts-destination', 'files'];
  const process = spawn(interpreter('curves'), [...server, ...files], {
    cwd: folder,
    detached: true, // it has a process of its own for its work, which ends with the group
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  for await (const chunk of process.stderr) {
    said += chunk;
    const address = /running on (http:\/\/127\.0\.0\.1:\d+)/i.exec(said)?.[1];
    if (address === undefined) continue;
    process.stderr.resume();
    return { address, process };
  }
  throw new Error(`MLflow did not start: ${said}`);
}

/** Of a quarter of all requests the answer is lost, though the server has done what was asked. */
export function forgetful(target: string): Server {
  let drawn = 1;
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    drawn = (48_271 * drawn) % 2_147_483_647;
    if (drawn % 4 === 0) return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(bytes);
  });
}
