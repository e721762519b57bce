import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFunction, moduleSources } from '../../src/disk/user-module.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-module-'));
  await mkdir(join(folder, 'lists'));
});
afterAll(() => rm(folder, { recursive: true }));

const example = 'export default () => 1;';

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const load = (path: string) => loadFunction(path, example);
const answer = async (path: string) => (await load(path)).call();

test('a module is TypeScript or JavaScript, of either kind of modules', async () => {
  const typed = 'enum Level { Low = 3 }\nexport default (): number => Level.Low satisfies number;';
  expect(await answer(await write('typed.ts', typed))).toBe(3);
  expect(await answer(await write('plain.js', 'export default () => 4;'))).toBe(4);
  expect(await answer(await write('plain.mjs', 'export default () => 5;'))).toBe(5);
  expect(await answer(await write('old.cjs', 'module.exports = () => 6;'))).toBe(6);
  // as tsc writes CommonJS
  const compiled = `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
exports.default = () => 7;`;
  for (const name of ['compiled.cjs', 'compiled.js'])
    expect(await answer(await write(name, compiled))).toBe(7);
  expect(await answer(await write('bare.cjs', 'exports.default = () => 8;'))).toBe(8);
});

test('its files are those of the user that it imports, in whichever way', async () => {
  await write('lists/words.ts', "export const words: string[] = ['a', 'b'];");
  await write('lists/index.ts', "export * from './words.ts';");
  const path = await write(
    'nested.ts',
    "import { words } from './lists/index.ts';\nexport default () => words.length;",
  );
  const { call, files } = await load(path);
  expect(await call()).toBe(2);
  expect(Object.keys(moduleSources('reward', files)).sort()).toEqual([
    'reward',
    'reward lists.index.ts',
    'reward lists.words.ts',
  ]);
  expect((await load(path)).files).toEqual(files); // also where another loading has gone before
});

test('a module that was changed is another one the next time', async () => {
  const path = await write('changed.ts', 'export default () => 1;');
  expect(await answer(path)).toBe(1);
  await write('changed.ts', 'export default () => 2;');
  expect(await answer(path)).toBe(2);
});

test.each([
  [
    'broken.ts',
    'export default (x: => 3;',
    /a module that can be loaded, got ParseError: .*broken\.ts:1:\d+/,
  ],
  [
    'lost.ts',
    "import './nowhere.ts';\nexport default () => 1;",
    /got Cannot find module '\.\/nowhere\.ts'/,
  ],
  ['angry.ts', "throw new Error('no words');", /a module that can be loaded, got no words\./],
  [
    'named.ts',
    'export const reward = () => 1;',
    /a function as the default export, got no default export\. Write `export default/,
  ],
  ['number.ts', 'export default 3;', /a function as the default export, got one of type number\./],
])('%s is refused, and it is said why', async (name, text, said) => {
  await expect(load(await write(name, text))).rejects.toThrow(said);
});

test('a module that is not there is refused by its path', async () => {
  const path = join(folder, 'none.ts');
  await expect(load(path)).rejects.toThrow(
    `${path}: expected a module, which is a file, got no such file.`,
  );
});

test('a module is run once, however often it is asked for', async () => {
  const path = await write(
    'counted.ts',
    'globalThis.runs = (globalThis.runs ?? 0) + 1;\nexport default () => globalThis.runs;',
  );
  expect([await answer(path), await answer(path)]).toEqual([1, 1]);
});
