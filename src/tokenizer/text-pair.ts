/** Two texts in one sequence, cut as transformers cuts them. Pure. */
import { ConfigError } from '../errors.ts';

/** Two texts in one sequence. */
export interface PairIds {
  readonly ids: number[];
  /** The segment of each id: 0 or 1 as BERT's tokenizer has it, 0 where a model has no segments. */
  readonly segments: number[];
}

/** A pair of any length. */
interface WholePair extends PairIds {
  /** Which text each id is of; nothing for special tokens. */
  readonly texts: readonly (number | undefined | null)[];
}

/**
 * A pair within `most` ids, by the strategy `longest_first`: the longer text is cut down to the
 * other, then both.
 * @param side the end that is cut, of either text
 * @throws {ConfigError} when there is no room for the special tokens
 */
export function fitted(pair: WholePair, most: number, side: 'left' | 'right'): PairIds {
  const { ids, segments, texts } = pair;
  const places = [0, 1].map((text) => [...ids.keys()].filter((i) => texts[i] === text));
  const special = ids.length - places[0].length - places[1].length;
  if (!(most >= special)) {
    const expected = `at least ${special}, the special tokens`;
    throw new ConfigError('tokenizer: maxLength', expected, `${most}`);
  }
  const lengths = longestFirst(places[0].length, places[1].length, most - special);
  const cut = new Set(
    places.flatMap((own, text) =>
      side === 'left' ? own.slice(0, own.length - lengths[text]) : own.slice(lengths[text]),
    ),
  );
  const kept = [...ids.keys()].filter((i) => !cut.has(i));
  return { ids: kept.map((i) => ids[i]), segments: kept.map((i) => segments[i]) };
}

/** What stays of two lengths where there is room for so many; where both are too long, half of it. */
function longestFirst(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second];
  const half = Math.floor(room / 2);
  const short = Math.min(first, second, half);
  return first > second ? [room - short, short] : [short, room - short];
}
