/** Every option that names a file or a folder, given what is none: words, and no bare code of the system. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { fakeIo, tactful } from './io.ts';

const demo = (name: string) => fileURLToPath(new URL(`../../demo/${name}`, import.meta.url));
const engine = ['--engine', 'onnxruntime'];

/** A line that works but for one option. */
const lines: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  detox: { model: demo('model'), rewardModel: demo('reward-model'), data: demo('dialogues.csv') },
  doctor: { model: demo('model'), rewardModel: demo('reward-model'), data: demo('dialogues.csv') },
  sft: { model: demo('model'), data: demo('dialogues.csv') },
  'train-classifier': {
    ...{ model: demo('reward-model'), data: demo('dialogues.csv') },
    ...{ textColumn: 'summary', labelColumn: 'topic' },
  },
  generate: { model: demo('model'), data: demo('dialogues.csv') },
  score: { rewardModel: demo('reward-model'), data: demo('dialogues.csv') },
  merge: { model: demo('model'), adapter: demo('adapter'), output: 'unused' },
  export: { model: demo('model'), output: 'unused' },
  inspect: {},
};
const flag = (name: string) =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

async function pathsOf(command: string): Promise<string[]> {
  const entry = commands.find(({ name }) => name === command)!;
  const shown = new Command(command);
  (await entry.load()).attach(shown, fakeIo());
  const named = ['model', 'adapter', 'rewardModel', 'data', 'testData', 'toxicityModel'];
  const paths = [...named, 'config', 'modelConfig', 'tokenizer'];
  return shown.options
    .map((option) => option.attributeName())
    .filter((name) => paths.includes(name));
}
const options = await Promise.all(
  Object.keys(lines).map(async (command) =>
    (await pathsOf(command)).map((option) => [command, option] as const),
  ),
);

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-paths-'));
  await mkdir(at('empty'));
  await writeFile(at('file'), 'no such thing');
  await symlink(at('loop'), at('loop'));
});
afterAll(() => rm(directory, { recursive: true }));

describe.each(options.flat())('%s, %s', (command, option) => {
  test.each(['none', 'file', 'empty', 'loop', 'file/inside', 'x'.repeat(300)])(
    '%s',
    async (name) => {
      const path = at(name);
      const given: Record<string, string> = { ...lines[command], [option]: path };
      if (option === 'modelConfig') delete given.model;
      if (option === 'modelConfig') given.tokenizer = demo('reward-model');
      if (option === 'tokenizer')
        Object.assign(given, { modelConfig: join(demo('reward-model'), 'config.json') });
      if (option === 'tokenizer') delete given.model;
      if (option === 'config' && command === 'inspect') delete given.model;
      const words = Object.entries(given).flatMap(([key, value]) => [flag(key), value]);
      const known = ['merge', 'export', 'inspect'].includes(command) ? [] : engine;
      const { code, err } = await tactful([command, ...words, ...known]);
      expect(code).toBe(1);
      const said = err.slice(err.lastIndexOf('error: '));
      expect(said.replaceAll(at('x'.repeat(300)), at('xxx'))).toMatch(
        new RegExp(`^error: \\S*${directory}/\\S+.*: expected .*, got .*[.?)]?\n$`),
      );
      expect(said).not.toMatch(/\bE[A-Z]{3,}\b|\bERR_|undefined|syscall|\.\.\s/);
      // what to do stands behind what was got
      expect(said).toMatch(/, got [\s\S]*[.?] \S/);
    },
  );
});
