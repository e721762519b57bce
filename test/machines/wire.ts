/** I/O: a TCP proxy before a server on this machine: a network that is cut, slow, or silent. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface Wire {
  readonly port: number;
  /** Connections that were cut, and bytes that went through. */
  readonly counts: { cuts: number; toServer: number; fromServer: number };
  /** Breaks all connections off; new ones are taken again after some milliseconds. */
  cut(down: number): Promise<void>;
  /** Passes nothing on for some milliseconds, without a word to either side; then everything. */
  hang(milliseconds: number): Promise<void>;
  /** From now on, what is sent arrives so many milliseconds later. */
  delay(milliseconds: number): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port. */
export async function wire(target: number): Promise<Wire> {
  const counts = { cuts: 0, toServer: 0, fromServer: 0 };
  const pairs = new Set<readonly [Socket, Socket]>();
  let late = 0;
  let silent = Promise.resolve();
  let isDown = false;

  /** Chunks in their order, each when it is due and the wire speaks. */
  function pass(from: Socket, to: Socket, count: 'toServer' | 'fromServer'): void {
    let before = Promise.resolve();
    const inTurn = (due: number, act: () => void) => {
      before = before.then(async () => {
        const wait = due - performance.now();
        if (wait > 0) await setTimeout(wait);
        await silent;
        act();
      });
    };
    from.on('data', (chunk) => {
      counts[count] += chunk.length;
      inTurn(performance.now() + late, () => void (to.writable && to.write(chunk)));
    });
    from.on('end', () => inTurn(performance.now() + late, () => void to.end()));
  }

  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const pair = [client, connect(target, '127.0.0.1')] as const;
    pairs.add(pair);
    for (const one of pair) {
      one.setNoDelay(true);
      one.on('error', () => {}); // the other end is told by the close
      one.on('close', () => {
        for (const end of pair) end.destroy();
        pairs.delete(pair);
      });
    }
    pass(...pair, 'toServer');
    pass(pair[1], pair[0], 'fromServer');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const breakOff = () => {
    counts.cuts += pairs.size;
    for (const pair of pairs) for (const one of pair) one.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    counts,
    async cut(down) {
      isDown = true;
      breakOff();
      await setTimeout(down);
      isDown = false;
    },
    async hang(milliseconds) {
      silent = setTimeout(milliseconds);
      await silent;
    },
    delay(milliseconds) {
      late = milliseconds;
    },
    async close() {
      breakOff();
      server.close();
      await once(server, 'close');
    },
  };
}
