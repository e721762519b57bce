/** I/O: jobs and answers as they lie on Redis, past the queue's values. */
import { decode, encode } from './codec.ts';
import { Answer, type Blobs, type Job, keysOf } from './protocol.ts';
import { asBuffer, type Connection, explain } from './redis.ts';

/** Bytes up to which arguments stand in the job itself, as text. */
export const inlineBytes = 16 * 2 ** 10;
/** Bytes up to which an answer is told whole on the channel; of others only the number is. */
const toldBytes = 256 * 2 ** 10;
/** Seconds after which what nobody has fetched is forgotten. */
const forgotten = 3600;

/** Where the mail of a run lies. */
export interface PostOffice {
  readonly connection: Connection;
  /** The server, for people. */
  readonly place: string;
  /** Where large data goes; `shared` when that is a folder. */
  readonly blobs: Blobs;
  readonly shared: boolean;
  readonly prefix: string;
  readonly run: string;
}

/** Puts arguments where the worker finds them. @returns what the job says of them, and when they are there */
export function sendArguments(
  { connection, blobs, shared, prefix, run }: PostOffice,
  index: number,
  bytes: Uint8Array,
): { readonly args: Job['args']; readonly sent: Promise<unknown> } {
  if (bytes.length <= inlineBytes) {
    return { args: { base64: asBuffer(bytes).toString('base64') }, sent: Promise.resolve() };
  }
  const blob = `arguments-${index}`;
  const sent = shared
    ? blobs.put(blob, bytes)
    : connection.set(keysOf(prefix).blob(run, blob), asBuffer(bytes), 'EX', forgotten);
  return { args: { blob, bytes: bytes.length }, sent };
}

/**
 * Kept only while somebody waits for it, else only its number is told, as that of one that is late; what a job
 * came to is not written over by a worker that gave it back.
 */
const answerScript = `
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 0 then
  redis.call('PUBLISH', KEYS[3], ARGV[1])
  return 0
end
if ARGV[2] == '0' and redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
redis.call('PUBLISH', KEYS[3], ARGV[5] or ARGV[3])
return 1`;

/** Writes and tells an answer at once. @returns whether somebody waited for it */
export async function sendAnswer(office: PostOffice, answer: Answer): Promise<boolean> {
  const { connection, shared, blobs, prefix, run } = office;
  const keys = keysOf(prefix);
  const { index } = answer;
  const { value, ...rest } = answer;
  let bytes = encode(answer as never);
  if (shared && bytes.length > toldBytes) {
    if ((await connection.sismember(keys.open(run), `${index}`)) === 0) return false;
    const inFolder = encode(value as never);
    const stored = { blob: `answer-${index}`, bytes: inFolder.length };
    await blobs.put(stored.blob, inFolder);
    bytes = encode({ ...rest, stored } as never);
  }
  const whole = asBuffer(bytes);
  const [open, place, channel] = [keys.open(run), keys.answer(run, index), keys.answers(run)];
  const isFinal = answer.returned === undefined ? '1' : '0';
  const told = bytes.length > toldBytes ? [`${index}`] : []; // else the answer itself
  const args = [`${index}`, isFinal, whole, `${forgotten}`, ...told];
  return (await connection.eval(answerScript, 3, open, place, channel, ...args)) === 1;
}

/** An answer as it lies on the server. @throws {InputError} when it is none */
export function readAnswer(bytes: Uint8Array): Answer {
  return Answer.parse(decode(bytes, 'answer'));
}

/** Hears of answers: whole ones, or the numbers of those that lie on the server. */
export async function listen(
  { connection, prefix, run }: PostOffice,
  heard: (answer: Uint8Array | number) => void,
  again: () => void,
): Promise<{ close(): void }> {
  const listener = connection.duplicate({ connectionName: 'tactful answers' });
  listener.on('error', () => {}); // it connects again; the main connection says for how long it is gone
  listener.on('ready', again);
  listener.on('messageBuffer', (_: Buffer, message: Buffer) => {
    const text = message.length < 16 ? message.toString('latin1') : '';
    heard(/^\d+$/.test(text) ? Number(text) : message);
  });
  await listener.subscribe(keysOf(prefix).answers(run)).catch((error) => {
    listener.disconnect();
    throw explain(error, 'redis');
  });
  return { close: () => listener.disconnect() };
}
