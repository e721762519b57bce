/** What asking may cost, and what it has. Pure. */
import type { Message } from './questions.ts';

/** Tokens of a request and of its reply. */
export interface Usage {
  readonly input: number;
  readonly output: number;
}

/** Dollars for a million tokens. */
export type Prices = Usage;

export interface Ceiling {
  readonly tokens?: number | undefined;
  /** Needs prices. */
  readonly dollars?: number | undefined;
  readonly prices?: Prices | undefined;
}

/** Tokens that a reply may have: a request with this limit costs no more than is set aside for it. */
export const longestReply = 2048;

/** Keeps account of what was spent; what is being asked counts with the most that it can cost. */
export class Account {
  readonly #ceiling: Ceiling;
  #spent: Usage = { input: 0, output: 0 };
  #reserved: Usage = { input: 0, output: 0 };

  constructor(ceiling: Ceiling) {
    this.#ceiling = ceiling;
  }

  get spent(): Usage {
    return this.#spent;
  }

  /** Dollars so far; undefined without prices. */
  get dollars(): number | undefined {
    const { prices } = this.#ceiling;
    return prices && costOf(this.#spent, prices);
  }

  /** Sets aside what a request can cost at most; false when that is more than is left. */
  reserve(usage: Usage): boolean {
    const { tokens = Infinity, dollars = Infinity, prices } = this.#ceiling;
    const all = sum(sum(this.#spent, this.#reserved), usage);
    if (all.input + all.output > tokens) return false;
    if (prices && costOf(all, prices) > dollars) return false;
    this.#reserved = sum(this.#reserved, usage);
    return true;
  }

  /** Takes back what was set aside, and counts what it came to. */
  settle(reserved: Usage, actual: Usage): void {
    this.#reserved = sum(this.#reserved, { input: -reserved.input, output: -reserved.output });
    this.#spent = sum(this.#spent, actual);
  }
}

/** The most that a request can cost. A token is seldom less than two bytes, in no script. */
export function mostOf(messages: readonly Message[]): Usage {
  return { input: Math.ceil(bytesOf(messages) / 2), output: longestReply };
}

/** About what a request and its reply cost, where the server does not say. */
export function aboutOf(messages: readonly Message[], reply: string): Usage {
  const perToken = 4;
  return {
    input: Math.ceil(bytesOf(messages) / perToken),
    output: Math.ceil(new TextEncoder().encode(reply).length / perToken),
  };
}

function bytesOf(messages: readonly Message[]): number {
  const encoder = new TextEncoder();
  return messages.reduce((bytes, { content }) => bytes + encoder.encode(content).length, 0);
}

function costOf({ input, output }: Usage, prices: Prices): number {
  return (input * prices.input + output * prices.output) / 1e6;
}

function sum(a: Usage, b: Usage): Usage {
  return { input: a.input + b.input, output: a.output + b.output };
}
