import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { tactful } from './io.ts';

test('help of the program', async () => {
  const { code, out, err } = await tactful(['--help']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatchInlineSnapshot(`
    "Usage: tactful <command> [options]

    Train language models by reinforcement learning, and measure what it did.

    Options:
      --version   Print the version
      -h, --help  Show this help

    Commands:
      detox       Train a policy until its summaries are less toxic, and prove
                  whether they are.
      generate    Let a policy answer prompts or summarise dialogues.
      score       Judge texts with a reward model.
      inspect     Show what a model, an adapter or a weight file holds, without
                  reading weights.
      help        Show the help of a command
    "
  `);
});

test('without a word there is help as well', async () => {
  expect(await tactful([])).toEqual(await tactful(['--help']));
});

test('help of generate', async () => {
  expect((await tactful(['generate', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful generate [options]

    Let a policy answer prompts or summarise dialogues.

    Without --prompt, --dialogue and --data, the standard input is the prompt.

    Options:
      --model <dir>               Folder of the model (T5, Hugging Face format)
                                  (required)
      --adapter <dir>             Folder of a LoRA adapter (PEFT format)
      --prompt <text>             The prompt, as it is
      --dialogue <text>           A dialogue to summarise; the prompt is put around
                                  it
      --data <file>               Dialogues to summarise, .csv or .jsonl
      --samples <n>               Dialogues of --data to take, from the first
                                  (default: 10)
      -h, --help                  Show this help

    Sampling:
      --greedy                    Take the likeliest token each time
      --temperature <x>           Logits are divided by this (default: 1)
      --top-k <n>                 Keep the k likeliest tokens; 0 keeps all (default:
                                  0)
      --top-p <x>                 Keep the likeliest tokens up to this probability
                                  (default: 1)
      --min-length <n>            No end before this many ids, decoder start
                                  included (default: 0)
      --min-new-tokens <n>        No end before this many new tokens (default: 0)
      --max-new-tokens <n>        Longest response in tokens (default: 64)
      --seed <n>                  Same seed, same responses (default: 0)

    Engine:
      --device <cpu|webgpu|cuda>  Where to compute (default: cpu)
      --threads <n>               Threads to compute with; 0 lets the engine choose
                                  (default: 0)

    Output:
      --json                      Print JSON, and nothing else
      --quiet                     Show no progress
      --verbose                   With an error, show where it happened

    Examples:
      tactful generate --model DIR --dialogue "A: Hi! B: Hello."
          one summary
      tactful generate --model DIR --data test.csv --samples 5 --json
          JSON, one line each
    "
  `);
});
test('help of score', async () => {
  expect((await tactful(['score', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful score [options] [text...]

    Judge texts with a reward model.

    Without a text and --data, every line of the standard input is a text. Shown are
    the probability and the logit of each label; the reward of the training is the
    logit.

    Arguments:
      text                        A text to judge, in quotes

    Options:
      --reward-model <dir>        Folder of the classifier (RoBERTa, Hugging Face
                                  format) (required)
      --label <text>              Show this label alone (default: all)
      --data <file>               Texts to judge: the field of a .csv or .jsonl of
                                  dialogues
      --field <summary|dialogue>  Field of --data to judge (default: summary)
      --samples <n>               Rows of --data to take, from the first
      -h, --help                  Show this help

    Engine:
      --device <cpu|webgpu|cuda>  Where to compute (default: cpu)
      --threads <n>               Threads to compute with; 0 lets the engine choose
                                  (default: 0)

    Output:
      --json                      Print JSON, and nothing else
      --quiet                     Show no progress
      --verbose                   With an error, show where it happened

    Examples:
      tactful score --reward-model DIR "You are a clown." "Nice to meet you."
          two texts
      tactful score --reward-model DIR --label hate --json < lines.txt
          JSON, one line each
    "
  `);
});
test('help of inspect', async () => {
  expect((await tactful(['inspect', '--help'])).out).toMatchInlineSnapshot(`
    "Usage: tactful inspect [options] [path]

    Show what a model, an adapter or a weight file holds, without reading weights.

    Arguments:
      path                  Folder of a model or an adapter, .safetensors or
                            config.json

    Options:
      --model <dir>         Folder of a model
      --config <file>       A model's config.json alone
      --adapter <dir>       Folder of a LoRA adapter
      --value-head          Count a value head as well
      --tensors             List all tensors
      -h, --help            Show this help

    A LoRA adapter that does not exist yet:
      --lora-rank <n>       Its rank
      --lora-targets <a,…>  Modules that it adapts (default: q,v)
      --lora-alpha <x>      Its scale (default: the rank)

    Output:
      --json                Print JSON, and nothing else
      --quiet               Show no progress
      --verbose             With an error, show where it happened

    Examples:
      tactful inspect DIR
          a model or an adapter
      tactful inspect DIR/model.safetensors
          the tensors of a file
      tactful inspect --config config.json --lora-rank 32 --lora-targets q,v
          how many parameters an adapter would train
    "
  `);
});

test.each(commands)('`help $name` is `$name --help`, under the same summary', async (entry) => {
  const { name, summary } = await entry.load();
  expect({ name, summary }).toEqual({ name: entry.name, summary: entry.summary });
  const words = await tactful(['help', name]);
  expect(words).toEqual(await tactful([name, '--help']));
  expect(words.code).toBe(0);
});

describe('a wrong command line is told in one line, with exit code 2', () => {
  test.each([
    ['detx', 'unknown command "detx". Did you mean detox?'],
    ['xyzzy', 'unknown command "xyzzy". See tactful --help.'],
    ['--versoin', 'unknown option "--versoin". Did you mean --version?'],
    ['generate --modle x', 'unknown option "--modle". Did you mean --model?'],
    ['generate --zzz', 'unknown option "--zzz". See tactful generate --help.'],
    ['generate', 'expected --model <dir>, got nothing.'],
    ['generate --model', '--model: expected a value, got nothing.'],
    [
      'generate --model m --prompt a --data b',
      'expected one of --prompt, --dialogue and --data, got 2 of them.',
    ],
    ['generate --model m', 'expected --prompt, --dialogue, --data or a text to read, got nothing.'],
    ['score --reward-model m', 'expected a text, --data or lines to read, got nothing.'],
    ['score --reward-model m a --data b', 'expected texts or --data, got both.'],
    ['inspect', 'expected a path, --model, --config or --adapter, got nothing.'],
    [
      'inspect a b',
      'too many arguments for "inspect". Expected 1 argument but got 2. See tactful inspect --help.',
    ],
  ])('%s', async (line, message) => {
    const { code, out, err } = await tactful(line.split(' '));
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: `error: ${message}\n` });
  });
});

describe('what goes wrong later has exit code 1', () => {
  test('and one line', async () => {
    const { code, err } = await tactful(['inspect', '/no/such']);
    expect(code).toBe(1);
    expect(err).toBe('error: /no/such: expected a JSON file, got no file.\n');
  });

  test('and a stack with --verbose', async () => {
    const { err } = await tactful(['inspect', '/no/such', '--verbose']);
    expect(err).toMatch(/^error: .*\nUnavailableError: .*\n {4}at /);
  });
});
