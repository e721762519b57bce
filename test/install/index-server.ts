/** A package index on this machine, with wheels that hold what a test wants. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ZipEntry, zip } from './zip.ts';

/** What OpenVINO's wheel has, as far as tactful looks at it, and what it leaves there. */
export const contents: readonly ZipEntry[] = [
  { name: 'openvino/__init__.py', data: 'print("never run")' },
  { name: 'openvino/libs/libopenvino_c.so.2641', data: 'the C library' },
  { name: 'openvino/libs/libopenvino.so.2641', data: 'the library'.repeat(1000) },
  { name: 'openvino/libs/libopenvino_intel_cpu_plugin.so', data: 'CPU' },
  { name: 'openvino/libs/libopenvino_intel_gpu_plugin.so', data: 'GPU' },
  { name: 'openvino/libs/libopenvino_ir_frontend.so.2641', data: 'reader' },
  { name: 'openvino/libs/libopenvino_onnx_frontend.so.2641', data: 'ONNX' },
  { name: 'openvino/libs/libopenvino_pytorch_frontend.so.2641', data: 'PyTorch' },
  { name: 'openvino/libs/cache.json', data: '{}' },
];

/** A name that no pin is for. */
export const wheelName = 'openvino-2026.4.1-1-cp312-cp312-manylinux_2_28_x86_64.whl';
export const wheel: Buffer = zip(contents);

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export interface IndexOptions {
  readonly name?: string;
  readonly bytes?: Buffer;
  /** What the index says of the bytes. */
  readonly hash?: string | undefined;
  readonly html?: boolean;
  /** Answers in place of the file. */
  readonly file?: (request: IncomingMessage, response: ServerResponse) => void;
}

export interface IndexServer {
  /** Address of the index. */
  readonly index: string;
  /** Requests so far: path, and authorization if there was one. */
  readonly asked: { url: string; authorization: string | undefined }[];
}

/** Starts an index; it goes when the test ends. */
export async function indexServer(options: IndexOptions = {}): Promise<IndexServer> {
  const { name = wheelName, bytes = wheel, html = false } = options;
  const hash = 'hash' in options ? options.hash : sha256(bytes);
  const asked: IndexServer['asked'] = [];
  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    asked.push({ url, authorization: headers.authorization });
    if (url === '/simple/openvino/') {
      const file = { filename: name, url: `../../files/${name}`, hashes: { sha256: hash } };
      const fragment = hash ? `#sha256=${hash}` : '';
      const page = `<html><body><a href="../../files/${name}${fragment}" data-x="y">${name}</a></body></html>`;
      response.end(html ? page : JSON.stringify({ files: [file] }));
    } else if (url === `/files/${name}`) {
      if (options.file) options.file(request, response);
      else response.setHeader('content-length', bytes.length).end(bytes);
    } else {
      response.writeHead(404).end('no');
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { index: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`, asked };
}
