import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { shallowAdapter, shallowT5 } from '../shallow.ts';
import { fakeIo, tactful } from './io.ts';

let [directory, model, adapter] = ['', '', ''];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-cli-'));
  model = await shallowT5(join(directory, 't5'));
  adapter = await shallowAdapter(join(directory, 'adapter'));
});
afterAll(() => rm(directory, { recursive: true }));

test.each(['merge', 'export'])('the help of %s', async (name) => {
  const { code, out } = await tactful([name, '--help']);
  expect(code).toBe(0);
  expect(out).toMatchSnapshot();
});

test('merge writes a folder, tells what is in it and shows that it goes on', async () => {
  const output = join(directory, 'merged');
  const words = ['merge', '--model', model, '--adapter', adapter, '--output', output];
  const { code, out, err } = await tactful([...words, '--dtype', 'float16']);
  expect({ code, out: out.replaceAll(directory, 'DIR') }).toEqual({
    code: 0,
    out:
      'DIR/merged: model.safetensors (1 MB)\nREADME.md there says how to load it.\n' +
      'npx tactful generate --model DIR/merged --prompt "…"\n',
  });
  expect(err).toContain('merge, MB 1/1 (100 %)');
  const sizes = await tactful([...words, '--max-shard-size', '100MB', '--json']);
  expect(JSON.parse(sizes.out)).toMatchObject({ output, files: ['model.safetensors'] });
});

test('export writes the number formats that are asked for', async () => {
  const output = join(directory, 'onnx');
  const words = ['export', '--model', model, '--output', output, '--dtypes', 'q8,fp16', '--json'];
  const { code, out } = await tactful(words);
  expect(code).toBe(0);
  const { files } = JSON.parse(out);
  const parts = ['encoder_model', 'decoder_model_merged'];
  const names = ['quantized', 'fp16'].flatMap((dtype) =>
    parts.map((p) => `onnx/${p}_${dtype}.onnx`),
  );
  expect(files).toEqual(names);
});

test.each([
  [['merge', '--max-shard-size', 'big'], '--max-shard-size: expected a size such as 5GB or 500MB'],
  [['export', '--dtypes', 'fp64'], '--dtypes'],
])('refuses %j', async ([name, ...flags], message) => {
  const words = [name, '--model', model, '--output', join(directory, 'none'), ...flags];
  const { code, err } = await tactful(name === 'merge' ? [...words, '--adapter', adapter] : words);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

test('Ctrl-C ends an export and leaves no folder', async () => {
  const io = fakeIo({ columns: 80 });
  const output = join(directory, 'stopped');
  const write = io.stderr.write.bind(io.stderr);
  Object.assign(io.stderr, {
    write(text: string) {
      if (text.includes('export')) io.signals.emit('SIGINT');
      return write(text);
    },
  });
  const code = await runProgram(['export', '--model', model, '--output', output], io);
  expect(code).toBe(130);
  const left = await readdir(directory);
  expect(left.filter((name) => name.includes('stopped'))).toEqual([]);
});
