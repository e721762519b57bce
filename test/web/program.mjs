/**
 * Stands for tactful where runs are started: takes the folder, tells a step, and goes on until it is
 * stopped. The setting `fails` ends it with these words, before the first event or after it (`late`);
 * `late` and `slow` wait for the file `end`.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const [job, ...words] = process.argv.slice(2);
const after = (flag) => words[words.indexOf(flag) + 1];
const resumes = job === 'resume';
const folder = resumes ? words[0] : after('--output');
const settings = resumes ? {} : JSON.parse(readFileSync(after('--config'), 'utf8'));
const tell = (event) => appendFileSync(join(folder, 'events.jsonl'), `${JSON.stringify(event)}\n`);
const fail = () => {
  rmSync(join(folder, 'lock'), { force: true });
  process.stderr.write(`error: ${after('--config')}:2 ${settings.fails}\n`);
  process.exit(1);
};

const there = async (name) => {
  while (!existsSync(join(folder, name))) await new Promise((resolve) => setTimeout(resolve, 5));
};

if (settings.fails && !settings.late) fail();
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'lock'), `${process.pid}\n`);
process.on('SIGINT', async () => {
  appendFileSync(join(folder, 'signals'), '.');
  if (settings.slow) await there('end');
  tell({ type: 'stopped', step: 1, reason: 'interrupted' });
  rmSync(join(folder, 'lock'));
  process.exit(130);
});
const data = { rows: 1, kept: 1, train: 1, test: 1 };
const time = new Date().toISOString();
const now = { time, version: '1', engine: 'none' };
if (resumes) {
  const kept = readFileSync(join(folder, 'events.jsonl'), 'utf8').split('\n').slice(0, 2);
  writeFileSync(join(folder, 'events.jsonl'), `${kept.join('\n')}\n`);
  tell({ type: 'resumed', step: 1, steps: 9, notes: [], ...now });
} else {
  tell({ type: 'started', job, runId: 'x', steps: 9, config: settings, data, ...now });
  tell({ type: 'step', step: 1, steps: 9, metrics: {} });
}
if (settings.late) {
  await there('end');
  fail();
}
setInterval(() => {}, 1000);
