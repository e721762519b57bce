/** I/O: a run's events as server-sent events: what a page lacks, and then what comes. */
import { setTimeout } from 'node:timers/promises';
import { parseEvent } from '../store/event-log.ts';
import { inNewWords } from '../store/old-comparison.ts';
import { openTail, type TailLine } from './tail.ts';

export interface LiveOptions {
  /** Id of the last event that the page has. @default none */
  readonly last?: string | undefined;
  /** End when all that is there now is told. @default false */
  readonly once?: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. @default 250 */
  readonly every?: number;
}

/** Characters that are sent at a time, about. */
const piece = 65_536;
/** Looks without news before a word that the connection stands. */
const silence = 60;
const comment = ':\n\n';
const reset = 'id:\ndata: {"type":"reset"}\n\n';

/**
 * The text of the stream, in pieces. `reset` comes before all events where the log does not hold what
 * the page has.
 */
export async function* liveText(path: string, options: LiveOptions): AsyncGenerator<string> {
  const { last, once = false, signal, every = 250 } = options;
  const look = openTail(path);
  let told = last === '' ? undefined : last;
  let isFirst = true;
  yield comment; // the headers go with it
  for (let quiet = 0; !signal.aborted; quiet++) {
    const { anew, lines } = await look();
    const known = isFirst || anew ? placeOf(told, lines) : 0;
    isFirst = false;
    if (known === undefined) {
      yield reset;
      told = undefined;
    }
    const news = lines.slice(known ?? 0);
    yield* pieces(news);
    told = news.at(-1)?.id ?? told;
    if (once) return;
    if (news.length > 0) quiet = 0;
    if (quiet === silence) {
      quiet = 0;
      yield comment;
    }
    await setTimeout(every, undefined, { signal }).catch(() => {});
  }
}

/** How many of a log's lines were told; undefined when another log was. */
function placeOf(told: string | undefined, lines: readonly TailLine[]): number | undefined {
  if (told === undefined) return 0;
  const place = Number.parseInt(told, 10);
  return lines[place - 1]?.id === told ? place : undefined;
}

function* pieces(lines: readonly TailLine[]): Generator<string> {
  let text = '';
  for (const line of lines) {
    text += message(line);
    if (text.length < piece) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** Of an earlier version in the words of this one; empty for a line that is none. */
function message({ id, text }: TailLine): string {
  try {
    return `id: ${id}\ndata: ${JSON.stringify(inNewWords(parseEvent(text)))}\n\n`;
  } catch {
    return '';
  }
}
