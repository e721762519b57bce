/** What the jobs of a driver need besides their arguments: graphs and what was written to states, sent once. */
import { nameOf } from './blobs.ts';
import type { Blobs } from './protocol.ts';

/** Bytes by their SHA-256, for as long as something needs them. */
export interface Holdings {
  /** One more needs these bytes. */
  hold(bytes: Uint8Array): string;
  /** One more needs what is held already. */
  retain(names: readonly string[]): void;
  /** One less: what nobody needs is dropped, here and there. */
  release(names: readonly string[]): void;
  /** Sends what has not been sent. */
  send(names: readonly string[]): Promise<void>;
  /** The server has lost these, or all: they will be sent again. */
  lost(names?: readonly string[]): void;
  /** Names of all that is needed. */
  alive(): string[];
  /** Bytes sent so far. */
  readonly bytesSent: number;
}

interface Held {
  readonly bytes: Uint8Array;
  needed: number;
  sending: Promise<void> | undefined;
}

/** Nothing held yet. @param onError hears of what could not be dropped */
export function holdings(blobs: Blobs, onError: (error: unknown) => void): Holdings {
  const all = new Map<string, Held>();
  let bytesSent = 0;
  const release = (names: readonly string[]) => {
    const dropped = names.filter((name) => {
      const held = all.get(name);
      if (!held || --held.needed > 0) return false;
      all.delete(name);
      return held.sending !== undefined;
    });
    if (dropped.length > 0) blobs.drop(dropped).catch(onError);
  };
  const sendOne = (name: string): Promise<void> | undefined => {
    const held = all.get(name);
    if (!held || held.sending) return held?.sending;
    const sending = blobs.put(name, held.bytes).catch((error) => {
      if (held.sending === sending) held.sending = undefined;
      throw error;
    });
    held.sending = sending;
    bytesSent += held.bytes.length;
    return sending;
  };
  return {
    hold(bytes) {
      const name = nameOf(bytes);
      const held = all.get(name);
      if (held) held.needed++;
      else all.set(name, { bytes, needed: 1, sending: undefined });
      return name;
    },
    retain(names) {
      for (const name of names) {
        const held = all.get(name);
        if (held) held.needed++;
      }
    },
    release,
    async send(names) {
      const sending = names.map(sendOne).filter((one) => one !== undefined);
      if (sending.length > 0) await Promise.all(sending);
    },
    lost(names = [...all.keys()]) {
      for (const name of names) {
        const held = all.get(name);
        if (held) held.sending = undefined;
      }
    },
    alive: () => [...all.keys()],
    get bytesSent() {
      return bytesSent;
    },
  };
}
