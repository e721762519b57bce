/**
 * A supervised job that is killed with SIGKILL in the middle of an operation on files, and resumed: it
 * must end with the bytes of one that was never killed. TACTFUL_CRASH_JOBS says how many (1),
 * TACTFUL_CRASH_SEED which random moments.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clearBeside, jobIn, logName, mendResultFolder } from '../../src/disk/result-folder.ts';
import { randomStream } from '../../src/random.ts';
import { steadyLog } from '../jobs/log.ts';
import { shallowRoberta } from '../shallow.ts';
import { checkWhole, type Ended, type Moment, program } from './program.ts';

const jobs = Number(process.env.TACTFUL_CRASH_JOBS ?? 1);
const seed = Number(process.env.TACTFUL_CRASH_SEED ?? 0);

let folder: string;
let words: string[];
let undisturbed: {
  readonly ended: Ended;
  readonly files: Record<string, string>;
  readonly log: readonly object[];
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-crash-sft-'));
  const model = await shallowRoberta(join(folder, 'model'));
  const data = join(folder, 'texts.csv');
  const texts = Array.from({ length: 16 }, (_, i) => (i % 2 ? `thanks ${i},0` : `fool ${i},1`));
  await writeFile(data, `text,label\n${texts.join('\n')}\n`);
  words = ['train-classifier', '--data', data, '--model', model, '--threads', '1', '--quiet'];
  words.push('--batch-size', '4', '--epochs', '2', '--learning-rate', '1e-3');
  words.push('--evaluate-every', '2', '--checkpoint-every', '1');
  const output = join(folder, 'undisturbed', 'result');
  const ended = await begin(output);
  const log = await steadyLog(join(output, logName));
  undisturbed = { ended, files: await filesOf(output), log };
});
afterAll(() => rm(folder, { recursive: true }));

const begin = (output: string, moment?: Moment) =>
  program([...words, '--output', output], `${folder}/${jobOf(output)}.count`, moment);
const resume = (output: string, moment?: Moment) =>
  program(['resume', output, '--quiet'], `${folder}/${jobOf(output)}.count`, moment);
const jobOf = (output: string) => output.split(/[\\/]/).at(-2);

/** Bytes by name, of all but the log that is in the folder and beside it. */
async function filesOf(output: string): Promise<Record<string, string>> {
  const root = join(output, '..');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== logName);
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  const read = async (path: string) => [
    path.slice(root.length + 1),
    await readFile(path, 'base64'),
  ];
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

/** What a user would do: resume, or begin again where the kill came before there was a job. */
async function goOn(output: string, moment?: Moment): Promise<Ended> {
  await mendResultFolder(output);
  if (await jobIn(output)) return resume(output, moment);
  // a new job cannot know that nobody writes there any more
  await clearBeside(output);
  return begin(output, moment);
}

test.each(Array.from({ length: jobs }, (_, i) => i))(
  'job %i, killed and resumed, ends as if nothing had happened',
  async (i) => {
    const stream = randomStream(seed, ['crash-sft', i]);
    const output = join(folder, `job-${i}`, 'result');
    const moment = () => ({ operation: 1 + stream.integer(undisturbed.ended.operations) });
    expect(await begin(output, moment())).toMatchObject({ killed: true });
    await checkWhole(output);
    if (jobs > 1 && stream.integer(2) === 0) {
      await goOn(output, moment());
      await checkWhole(output);
    }
    await goOn(output);
    const files = await filesOf(output);
    expect(Object.keys(files)).toEqual(Object.keys(undisturbed.files));
    for (const [name, bytes] of Object.entries(files)) {
      expect(bytes === undisturbed.files[name], name).toBe(true);
    }
    expect(await steadyLog(join(output, logName))).toEqual(undisturbed.log);
  },
);
