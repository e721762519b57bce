import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type CommandContext, defineCommand } from '../../src/cli/command.ts';
import { exitCodeOf } from '../../src/cli/errors.ts';
import { fakeIo } from './io.ts';

const options = z
  .strictObject({
    model: z.string().min(1).meta({ placeholder: 'dir' }).describe('Folder of the model'),
    steps: z.int().positive().default(10).describe('PPO steps'),
    learningRate: z.number().positive().default(1e-5).describe('Adam learning rate'),
    device: z.enum(['cpu', 'webgpu']).default('cpu').describe('Where to compute'),
    targets: z.array(z.string()).default(['q', 'v']).describe('Adapted modules'),
    betas: z.tuple([z.number(), z.number()]).default([0.9, 0.999]).describe('Adam moments'),
    layers: z.array(z.int().nonnegative()).optional().describe('Adapted layers'),
    prompt: z
      .string()
      .regex(/X/)
      .default('\nX')
      .meta({ escapes: true, expects: 'a text with X in it' })
      .describe('Around X'),
    shuffle: z.boolean().default(true).describe('Shuffle the data'),
    dryRun: z.boolean().default(false).describe('Only look'),
    maxNorm: z.number().nullable().default(1).describe('Clip gradients'),
    generation: z
      .strictObject({ topK: z.int().nonnegative().default(0).describe('Keep k tokens') })
      .prefault({})
      .describe('Generation'),
  })
  .refine(({ steps }) => steps !== 13, { path: ['steps'], error: 'brings bad luck' });
type Options = z.infer<typeof options>;

/** Runs a command line; gives the context that `run` got. */
async function run(words: readonly string[], defaults?: Record<string, unknown>) {
  const io = fakeIo();
  let context: CommandContext<Options> | undefined;
  const spec = {
    name: 'try',
    summary: 'Try it.',
    arguments: [{ name: 'text', description: 'Texts', variadic: true }],
    options,
    ...(defaults && {
      defaults: async () => ({ values: defaults, said: {}, where: () => undefined }),
    }),
    run: async (given: CommandContext<Options>) => {
      context = given;
    },
  };
  const command = new Command('try').exitOverride().configureOutput({
    writeOut: io.stdout.write,
    writeErr: () => {},
    getOutHelpWidth: () => 80,
  });
  defineCommand(spec).attach(command, io);
  await command.parseAsync([...words], { from: 'user' }).catch((error) => {
    if (error.code !== 'commander.helpDisplayed') throw error;
  });
  return { ...context!, help: io.out.join('') };
}

const model = ['--model', 'm'];

test('help shows types, choices, defaults and what is required', async () => {
  const { help } = await run(['--help']);
  expect(help).toMatchInlineSnapshot(`
    "Usage: try [options] [text...]

    Try it.

    Arguments:
      text                   Texts

    Options:
      --model <dir>          Folder of the model [required]
      --steps <n>            PPO steps [default: 10]
      --learning-rate <x>    Adam learning rate [default: 1e-5]
      --device <cpu|webgpu>  Where to compute [default: cpu]
      --targets <a,…>        Adapted modules [default: q,v]
      --betas <a,…>          Adam moments [default: 0.9,0.999]
      --layers <a,…>         Adapted layers
      --prompt <text>        Around X [default: \\nX]
      --[no-]shuffle         Shuffle the data [default: on]
      --dry-run              Only look
      --max-norm <x>         Clip gradients [default: 1]
      -h, --help             display help for command

    Generation:
      --top-k <n>            Keep k tokens [default: 0]

    Output:
      --json                 Print JSON, and nothing else
      --quiet                Show no progress
      --verbose              With an error, show where it happened
    "
  `);
});

describe('values', () => {
  test('come from the schema where no flag gives them', async () => {
    const { options: found, json, arguments: words } = await run(model);
    expect(found).toEqual({
      model: 'm',
      steps: 10,
      learningRate: 1e-5,
      device: 'cpu',
      targets: ['q', 'v'],
      betas: [0.9, 0.999],
      prompt: '\nX',
      shuffle: true,
      dryRun: false,
      maxNorm: 1,
      generation: { topK: 0 },
    });
    expect(json).toBe(false);
    expect(words).toEqual([]);
  });

  test.each<[string, string[], Partial<Options>]>([
    ['a whole number', ['--steps', '40'], { steps: 40 }],
    ['a number with an exponent', ['--learning-rate', '1e-4'], { learningRate: 1e-4 }],
    ['a number after an equals sign', ['--learning-rate=.5'], { learningRate: 0.5 }],
    ['a choice', ['--device', 'webgpu'], { device: 'webgpu' }],
    ['a list', ['--targets', 'q, k'], { targets: ['q', 'k'] }],
    ['a list in two parts', ['--targets', 'q', '--targets', 'k'], { targets: ['q', 'k'] }],
    ['a list of numbers', ['--layers', '0,2'], { layers: [0, 2] }],
    ['a pair of numbers', ['--betas', '0.8,.9'], { betas: [0.8, 0.9] }],
    ['a text with escapes', ['--prompt', '1\\t\\\\n X\\n'], { prompt: '1\t\\n X\n' }],
    ['no', ['--no-shuffle'], { shuffle: false }],
    ['yes', ['--dry-run'], { dryRun: true }],
    ['none', ['--max-norm', 'none'], { maxNorm: null }],
    ['a field of an object inside', ['--top-k', '5'], { generation: { topK: 5 } }],
  ])('can be %s', async (_, words, expected) => {
    const { options: found } = await run([...model, ...words]);
    expect(found).toMatchObject(expected);
  });

  test('of a preset or a config file lie under those of the flags', async () => {
    const preset = { model: 'preset', steps: 7, shuffle: false, generation: { topK: 3 } };
    const { options: found } = await run(['--steps', '8', '--shuffle'], preset);
    expect(found).toMatchObject({
      model: 'preset',
      steps: 8,
      shuffle: true,
      generation: { topK: 3 },
    });
  });

  test('that are no flags are the arguments', async () => {
    const { arguments: words } = await run([...model, 'one', 'two']);
    expect(words).toEqual(['one', 'two']);
  });
});

describe('wrong values', () => {
  test.each([
    [['--steps', 'ten'], '--steps: expected a whole number above 0, got "ten".'],
    [['--steps', '1.5'], '--steps: expected a whole number above 0, got 1.5.'],
    [['--steps', '0'], '--steps: expected a whole number above 0, got 0.'],
    [['--steps', '0x10'], '--steps: expected a whole number above 0, got "0x10".'],
    [['--steps', ''], '--steps: expected a whole number above 0, got "".'],
    [['--steps', '13'], '--steps: brings bad luck, got 13.'],
    [['--learning-rate', '-1'], '--learning-rate: expected a number above 0, got -1.'],
    [['--device', 'cuda'], '--device: expected one of cpu, webgpu, got "cuda".'],
    [
      ['--device', 'webgp'],
      '--device: expected one of cpu, webgpu, got "webgp". Did you mean "webgpu"?',
    ],
    [['--layers', '0,x'], '--layers: expected a whole number of at least 0, got "x".'],
    [['--betas', '0.8'], '--betas: expected 2 values, got "0.8".'],
    [['--betas', '0.8,x'], '--betas: expected a number, got "x".'],
    [['--prompt', 'one'], '--prompt: expected a text with X in it, got "one".'],
    [['--top-k', '-1'], '--top-k: expected a whole number of at least 0, got -1.'],
    [['--targets', '--steps'], '--targets: expected a value, got the flag --steps.'],
  ])('%j', async (words, message) => {
    await expect(run([...model, ...words])).rejects.toThrow(message);
  });

  test('a flag that is missing is named', async () => {
    await expect(run([])).rejects.toThrow('expected --model <dir>, got nothing.');
  });

  test('an unknown setting of a config file is named, with the likely one', async () => {
    const expected = 'config: expected a known setting, got "stepz". Did you mean "steps"?';
    await expect(run(model, { stepz: 1 })).rejects.toThrow(expected);
    const inner = 'config generation: expected a known setting, got "topP". Did you mean "topK"?';
    await expect(run(model, { generation: { topP: 1 } })).rejects.toThrow(inner);
  });
});

test('two options with the same flag are a fault of ours', () => {
  const clashing = defineCommand({
    name: 'clash',
    summary: '',
    options: z.strictObject({ json: z.boolean() }),
    run: async () => {},
  });
  expect(() => clashing.attach(new Command(), fakeIo())).toThrow('internal: clash: every command');
});

test.each([
  ['done', 0],
  [undefined, 130],
])('Ctrl-C after the work is done is no breaking off: %s, exit code %i', async (ending, code) => {
  const io = fakeIo();
  const run = async () => {
    io.signals.emit('SIGINT');
    return ending;
  };
  const spec = { name: 'try', summary: 'Try it.', options: z.strictObject({}), run };
  const command = new Command('try').exitOverride();
  defineCommand(spec).attach(command, io);
  const ended = command.parseAsync([], { from: 'user' }).then(() => 0, exitCodeOf);
  expect(await ended).toBe(code);
});
