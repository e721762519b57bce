/** Every text that a command can come to names flags and settings that this command has. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { namedRemedy } from '../../src/cli/remedies.ts';
import { kinds } from '../../src/jobs/kinds.ts';
import { fakeIo } from './io.ts';
import { readProgram, type Text } from './texts.ts';

/** A command as its user knows it. */
interface Known {
  readonly name: string;
  /** With their dashes. */
  readonly flags: ReadonlySet<string>;
  /** As a config file or the library names them. */
  readonly settings: ReadonlySet<string>;
}

async function known({ name, load }: (typeof commands)[number]): Promise<Known> {
  const command = new Command(name);
  (await load()).attach(command, fakeIo());
  const flags = command.options.map(({ long }) => long ?? '');
  const settings = command.options.map((option) => option.attributeName());
  return { name, flags: new Set([...flags, '--help', '--version']), settings: new Set(settings) };
}

const all = await Promise.all(commands.map(known));
/** `resume` has no settings of its own, and names those of the job that goes on. */
const ofJobs = new Set(
  all.flatMap(({ name, settings }) =>
    kinds.some((job) => job.name === name) ? [...settings] : [],
  ),
);
const users = all.map((one) => (one.name === 'resume' ? { ...one, settings: ofJobs } : one));

/** A job's command is made of its kind. */
const kindLine = /name: '([^']+)'[\s\S]*?import\('\.\/([^']+)'\)\)\.(\w+)/g;
const registry = fileURLToPath(new URL('../../src/jobs/kinds.ts', import.meta.url));
const kindFiles: Readonly<Record<string, [file: string, part: string]>> = Object.fromEntries(
  [...(await readFile(registry, 'utf8')).matchAll(kindLine)].map(
    ([, name, file, part]) => [name, [`src/jobs/${file}`, part] as [string, string]] as const,
  ),
);

/** Texts that are right where they stand, and why: not all that the source allows can happen. */
const right: readonly (readonly [where: RegExp, text: RegExp, because: string])[] = [
  [/install\/download/, /^--(no-deps|only-binary|python-version|dest)/, 'flags of pip'],
  [/commands\/setup/, /^--engine auto$/, 'says what other commands will take'],
  [/jobs\/detox\/detox/, /^no --adapter: training starts/, 'what goes on has started'],
  [/cli\/config-file/, /^--set$/, 'what goes on reads the file alone'],
  [/report\/html\/(charts|style)/, /--[a-z]/, 'variables of a style sheet'],
];

/** Whole flags in a text. */
function flagsIn(text: string): string[] {
  return text.match(/(?<![\w-])--[a-z]+(?:-[a-z]+)*(?![\w…-])/g) ?? [];
}

/** What is wrong with a text for whoever uses a command. */
function faultsOf({ text, where, isRemedy }: Text, user: Known): string[] {
  if (right.some(([place, pattern]) => place.test(where) && pattern.test(text))) return [];
  // `resume` shows no `--help` of the kind that it goes on with
  const isHelp = !isRemedy && Object.values(kindFiles).some(([file]) => where.startsWith(file));
  if (user.name === 'resume' && isHelp) return [];
  const faults: string[] = [];
  let own = text.replace(/\b(npm|aws|pip|hf) [a-z].*$/s, ''); // other programs
  // `npx tactful sft --full`, `tactful … --config`: what the command has that is named
  for (const line of own.match(/\btactful (?:[a-z][a-z-]*|…)[^.,:)]*/g) ?? []) {
    const [, name] = line.split(/[ .,:)]/);
    const others = all.filter((one) => name === '…' || one.name === name);
    if (others.length === 0 && !/--/.test(line)) continue; // a sentence about tactful
    own = own.replace(line, '');
    const missing = flagsIn(line).filter((flag) => !others.some(({ flags }) => flags.has(flag)));
    faults.push(...missing.map((flag) => `tactful ${name} has no ${flag}`));
  }
  const missing = flagsIn(own).filter((flag) => !user.flags.has(flag));
  faults.push(...missing.map((flag) => `${user.name} has no ${flag}`));
  const names = { of: (word: string) => (user.settings.has(word) ? word : undefined) };
  if (isRemedy && text !== '' && namedRemedy(text, names) === '') {
    faults.push(`nothing of "${text}" can be done with ${user.name}`);
  }
  return faults.map((fault) => `${where}: ${fault}`);
}

/** What is wrong in a program: the texts that each command comes to from a part of a file. */
function faultsIn(
  tsconfig: string,
  entries: (user: Known) => readonly Parameters<ReturnType<typeof readProgram>['from']>[],
  who: readonly Known[] = users,
) {
  const program = readProgram(tsconfig);
  const texts = who.map(
    (user) => [user, entries(user).flatMap((entry) => program.from(...entry))] as const,
  );
  const faults = texts.flatMap(([user, some]) => some.flatMap((text) => faultsOf(text, user)));
  return { texts, faults: [...new Set(faults)].sort() };
}

const tsconfig = fileURLToPath(new URL('../../tsconfig.build.json', import.meta.url));
const exported: Readonly<Record<string, string>> = {
  export: 'exportCommand',
  'llm-judge': 'llmJudge',
};
/** What is wrong with the data of a finished run is told in a note, without what to do about it. */
const ofData = ['dataSources', 'readDialogues'].map((name) => `src/data/dialogues.ts#${name}`);
/** What the dashboard reads of all jobs, and what its page alone is told. */
const ofPage = [
  ...['src/cli/job-forms.ts#jobForms', 'src/cli/job-forms.ts#formDefaults'],
  'src/cli/dashboard.ts#openPlayer',
  'src/web/launch.ts#newLauncher',
];
/** The same of a page that is shown beside a job, which asks for any port. */
const besideJob = [...ofPage, 'src/web/server.ts#listen'];
/** What a command names and never comes to. */
const never: Readonly<Record<string, readonly string[]>> = {
  init: ['src/jobs/kinds.ts#kinds'], // reads settings of kinds, and starts none
  samples: ofData,
  ui: ofPage,
  resume: besideJob,
  // the report that it makes again has the notes of the run
  'llm-judge': [...ofData, 'src/jobs/detox/notes.ts#ofTraining'],
  report: [...ofData, 'src/jobs/detox/notes.ts#ofTraining'],
  // it measures what a run measures, and trains nothing
  evaluate: ['setup.ts#setUp', 'measure.ts#answers'].map((name) => `src/jobs/detox/${name}`),
};
const kindOf = await Promise.all(
  kinds.map(async ({ name, load }) => [name, await load()] as const),
).then((pairs) => new Map(pairs));
/** What jobs come to that others have no part in: the store of a comparison, several semantics. */
const notFor = (name: string) => [
  ...besideJob,
  ...(kindOf.get(name)?.compares ? [] : ['src/cli/stores.ts#openDynamo']),
  ...(kindOf.get(name)?.semantics ? [] : ['src/cli/versus-job.ts#runVersusIn']),
];
const { texts, faults } = faultsIn(tsconfig, ({ name }) =>
  Object.hasOwn(kindFiles, name)
    ? [
        [...kindFiles[name], never[name]],
        ['src/cli/job-command.ts', 'jobCommand', notFor(name)],
      ]
    : [[`src/cli/commands/${name}.ts`, exported[name] ?? name, never[name]]],
);

test('what texts tell to do can be done with the command that tells it', () => {
  expect(faults).toEqual([]);
});

test('the texts of each command have been found, those of what it loads later too', () => {
  const files = (command: string) =>
    texts.flatMap(([{ name }, some]) =>
      name === command ? some.map(({ where }) => where.replace(/:\d+$/, '')) : [],
    );
  for (const { name } of all) expect(files(name).length, name).toBeGreaterThan(100);
  const reached = (file: string) =>
    all.map(({ name }) => name).filter((name) => files(name).includes(file));
  expect(reached('src/store/aws.ts')).toEqual(['detox', 'resume', 'evaluate', 'sync']);
  expect(reached('src/doctor/reward.ts')).toEqual(['doctor']);
  expect(reached('src/install/wheels.ts')).toEqual(['setup']);
  expect(reached('src/data/columns.ts')).toEqual([
    ...['detox', 'resume', 'doctor', 'evaluate', 'sft', 'train-classifier', 'generate', 'score'],
  ]);
});

test('settings in backticks are settings of a command that comes there', () => {
  const known = new Map<string, Set<string>>();
  for (const [{ settings }, some] of texts) {
    for (const { text, where } of some) {
      for (const [, word] of text.matchAll(/`([a-z][A-Za-z0-9]*)`/g)) {
        const place = `${where}: ${word}`;
        known.set(
          place,
          new Set([...(known.get(place) ?? []), ...(settings.has(word) ? [word] : [])]),
        );
      }
    }
  }
  const unknown = [...known].filter(([, settings]) => settings.size === 0);
  expect(known.size).toBeGreaterThan(50);
  expect(unknown.map(([place]) => place)).toEqual([]);
});

test.each(right)('what is excused is still there: %s %s, %s', (where, text) => {
  const found = texts.some(([, some]) =>
    some.some((one) => where.test(one.where) && text.test(one.text)),
  );
  expect(found).toBe(true);
});

test('a flag or a setting that a command does not have is found wherever it is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-texts-'));
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  try {
    await write(
      'tsconfig.json',
      '{ "files": ["command.ts", "a.ts", "b.ts"], "compilerOptions": { "noLib": true } }',
    );
    await write(
      'command.ts',
      `
      import { fail as failing } from './a.ts';
      const other = 'Use --never-reached.';
      export const push = { run: async () => { failing(); (await import('./b.ts')).late(1); } };
    `,
    );
    await write(
      'a.ts',
      `
      // Use --comment.
      export function fail() { throw new InputError('here', 'a', 'b', 'Use ' + '--nonsense.'); }
      export function unused() { return 'Use --never-reached.'; }
    `,
    );
    await write(
      'b.ts',
      `
      const remedy = 'Lower \`batchSize\`.';
      export const late = (n: number) => [\`Set --revision \${n}, --private-\${n} or --pr\`, remedy,
        'npx tactful merge --output x --force', 'Run: npm install it --ignore-scripts',
        'Leave it out. Raise \`steps\`.'];
    `,
    );
    const push = users.filter(({ name }) => name === 'push');
    const found = faultsIn(join(folder, 'tsconfig.json'), () => [['command.ts', 'push']], push);
    expect(found.faults).toEqual([
      'a.ts:3: push has no --nonsense',
      'b.ts:2: nothing of "Lower `batchSize`." can be done with push',
      'b.ts:3: push has no --pr',
      'b.ts:4: tactful merge has no --force',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
