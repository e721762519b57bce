/** One turn of a dialogue, whatever its fields are called. Pure. */

/** Names of a turn's fields, the likeliest first. */
const speakers = [
  ...['role', 'from', 'speaker', 'author', 'sender', 'user', 'agent', 'name', 'participant'],
  ...['speaker_name', 'sender_name', 'username', 'who', 'character', 'interlocutor', 'speaker_id'],
];
const texts = [
  ...['content', 'value', 'text', 'utterance', 'message', 'body', 'sentence', 'transcript'],
  ...['line', 'speech', 'utt'],
];
/** Fields of a turn that holds what both have said: DialogStudio's. */
const both = { user: 'user utterance', system: 'system response' };

type Fields = Readonly<Record<string, unknown>>;

/** What a turn says. */
export interface Turn {
  /** With the speaker; none of a turn without words, such as the call of a tool. */
  readonly lines: readonly string[];
  /** Without the speaker. */
  readonly text: string | undefined;
  /** The fields by which it was read, in words. */
  readonly by: string;
  /** Nothing but text was in it. */
  readonly isWhole: boolean;
}

/** A turn; undefined of what is none. */
export function turnOf(item: unknown): Turn | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const fields = item as Fields;
  if (both.user in fields || both.system in fields) return turnOfBoth(fields);
  const names = new Map(Object.keys(fields).map((name) => [name.trim().toLowerCase(), name]));
  const held = namesIn(texts, names)[0];
  if (held === undefined) return undefined;
  const content = fields[held];
  const text = contentOf(content);
  // null is what the call of a tool has
  if (text === undefined && content !== null) return undefined;
  const speaker = namesIn(speakers, names).find((name) => nameOf(fields[name]) !== undefined);
  const who = (speaker !== undefined && nameOf(fields[speaker])) || '';
  const own = speaker === undefined ? [held] : [speaker, held];
  const isBlank = text === undefined || text.trim() === '';
  return {
    lines: isBlank ? [] : [joined([who, text])],
    text: isBlank ? undefined : text,
    by: own.map((name) => `"${name}"`).join(' and '),
    isWhole: !Array.isArray(content) || content.every((part) => partOf(part) !== undefined),
  };
}

/** Those of the known names that there are, as they are written. */
function namesIn(known: readonly string[], names: ReadonlyMap<string, string>): string[] {
  return known.flatMap((name) => names.get(name) ?? []);
}

/** `speaker: text`, or the text of nobody in particular. */
export function joined([speaker, text]: readonly [speaker: string, text: string]): string {
  return speaker.trim() === '' ? text : `${speaker}: ${text}`;
}

function turnOfBoth(fields: Fields): Turn {
  const lines = Object.entries(both).flatMap(([who, name]) => {
    const text = contentOf(fields[name]);
    return text === undefined || text.trim() === '' ? [] : [joined([who, text])];
  });
  return { lines, text: undefined, by: `"${both.user}" and "${both.system}"`, isWhole: true };
}

/** A name or a number, or that of a person who is an object. */
function nameOf(value: unknown): string | undefined {
  if (typeof value === 'object' && value !== null) {
    const { name } = value as Fields;
    return typeof name === 'string' ? name : undefined;
  }
  return ['string', 'number', 'bigint'].includes(typeof value) ? String(value) : undefined;
}

/** A text, or the texts among the parts of one: blocks of OpenAI's API, spans of Telegram's. */
function contentOf(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const parts = content.map(partOf).filter((part) => part !== undefined);
  return parts.join(content.some((part) => typeof part === 'string') ? '' : '\n');
}

function partOf(part: unknown): string | undefined {
  if (typeof part === 'string') return part;
  const text = typeof part === 'object' && part !== null ? (part as Fields).text : undefined;
  return typeof text === 'string' ? text : undefined;
}
