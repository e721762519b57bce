import { parseArgs } from 'node:util';
import { ConfigError, didYouMean } from '../dist/errors.js';
import { engineNames } from '../dist/runtime/engines.js';
import { models } from './models.js';
import { axes } from './scaling.js';

/** Benches, what they do, the options that they take besides against, reps and json, and other defaults. */
export const benches = {
  'lab-step': {
    summary: 'one PPO iteration of the lab by phases, beside a GEMM and a baseline',
    options: ['workload', 'baseline', 'engine', 'threads'],
  },
  minibatch: {
    summary: 'one PPO minibatch: forward, and forward + backward',
    options: ['model', 'batch', 'source', 'target', 'engine', 'threads'],
    defaults: { batch: 4 },
  },
  decode: {
    summary: 'sampling with a KV cache: ms a step',
    options: ['model', 'batch', 'source', 'steps', 'engine', 'threads'],
    defaults: { batch: 16, source: 300 },
  },
  scaling: {
    summary: 'ms a token by batch, prompt, response and LoRA rank, one at a time',
    options: ['model', 'axis', 'engine', 'threads'],
  },
  'demo-step': {
    summary: 'one PPO step on demo/, split into its parts',
    options: ['engine', 'threads'],
  },
  data: {
    summary: 'reading and tokenising as many dialogues as DialogSum has, by format',
    options: [],
  },
  record: {
    summary: 'what keeping rollouts costs: steps of the demo with and without, in turn',
    options: ['threads'],
    defaults: { reps: 5 },
  },
  watched: {
    summary: 'what a page that watches and three stores cost: the demo with and without, in turn',
    options: ['threads'],
    defaults: { reps: 5 },
  },
  machines: {
    summary: 'work over Redis: one worker beside one process, or several beside one, in turn',
    options: ['model', 'batch', 'source', 'target', 'workers', 'engine', 'threads'],
    defaults: { model: 'demo', batch: 16, source: 128, target: 32 },
  },
  'machines-model': {
    summary: 'what many workers would give, by what was measured: the tables of docs/scale.md',
    options: [],
  },
  'run-index': {
    summary: 'windows of 100,000 rollouts out of the index over runs: sorted, filtered, searched',
    options: [],
  },
  demo: {
    summary: 'the demo from start to report, as a process',
    options: ['threads'],
    defaults: { reps: 1 },
  },
  'cold-start': {
    summary: '--version, --help and detox --help, as processes',
    options: [],
    defaults: { reps: 10 },
  },
};

const count = (value, text) => ({ type: 'string', default: value, least: 1, text });

const options = {
  workload: {
    type: 'string',
    text: 'lab-step: a recorded workload.json [one of the same lengths]',
  },
  baseline: {
    type: 'string',
    text: 'lab-step: shell command that prints the JSON of trl_baseline.py as its last line; runs after each repetition [none]',
  },
  model: { type: 'string', default: 't5-base', choices: models },
  axis: { type: 'string', default: 'all', choices: axes },
  batch: count(4, 'rows (decode: 16)'),
  source: count(320, 'tokens of a query (decode: 300)'),
  target: count(64, 'tokens of a response'),
  steps: count(32, 'tokens to generate'),
  workers: count(
    1,
    'machines: processes that work; 1: beside one process, more: beside one of them',
  ),
  against: {
    type: 'string',
    text: 'a commit: it is built aside in .cache/, and its bench runs in turn with this one [none]',
  },
  reps: count(
    3,
    'repetitions, after one that does not count (demo: 1, all count; record and watched: 5, all count; cold-start: 10)',
  ),
  engine: { type: 'string', default: 'auto', choices: engineNames },
  threads: {
    type: 'string',
    default: 0,
    least: 0,
    text: 'threads of the engine; 0: one a core',
  },
  json: { type: 'boolean', default: false, text: 'print JSON instead of a table' },
};

export const help = `Usage: npm run bench -- <bench> [options]

Benches:
${list(Object.entries(benches).map(([name, { summary }]) => [name, summary]))}

Options:
${list(
  Object.entries(options).map(([name, { type, text, choices, default: value }]) => [
    `--${name}${type === 'string' ? ' <value>' : ''}`,
    `${text ?? choices.join(', ')}${value === undefined ? '' : ` [${value}]`}`,
  ]),
)}

Random weights are written once to .cache/ (FLAN-T5-base 1 GB, RoBERTa-base 0.5 GB).`;

function list(pairs) {
  return pairs.map(([name, text]) => `  ${name.padEnd(20)} ${text}`).join('\n');
}

/**
 * What the command line asks for; undefined: help.
 * @throws {ConfigError} for anything that the bench does not know
 */
export function readOptions(words) {
  const { values, positionals } = parse(words);
  if (values.help || words.length === 0) return undefined;
  const [name, ...rest] = positionals;
  const names = Object.keys(benches);
  if (!names.includes(name) || rest.length > 0) {
    const remedy = didYouMean(name ?? '', names);
    throw new ConfigError('bench', names.join(', '), positionals.join(' ') || 'none', remedy);
  }
  const { options: own, defaults = {} } = benches[name];
  const known = [...own, 'against', 'reps', 'json'];
  const foreign = Object.keys(values).find((option) => !known.includes(option));
  if (foreign) {
    throw new ConfigError(`bench ${name}`, `--${known.join(', --')}`, `--${foreign}`);
  }
  const chosen = known.map((option) => {
    const standard = defaults[option] ?? options[option].default;
    return [option, values[option] === undefined ? standard : valueGiven(option, values[option])];
  });
  return { name, ...Object.fromEntries(chosen) };
}

function parse(words) {
  const types = Object.entries(options).map(([name, { type }]) => [name, { type }]);
  const known = { ...Object.fromEntries(types), help: { type: 'boolean', short: 'h' } };
  try {
    return parseArgs({ args: words, options: known, allowPositionals: true });
  } catch (cause) {
    const [message] = cause.message.split('. ');
    const unknown = /^Unknown option '--(.*)'/.exec(message)?.[1] ?? '';
    const remedy = didYouMean(unknown, Object.keys(known)) || 'See npm run bench -- --help.';
    throw new ConfigError('bench', 'known options with values', message, remedy);
  }
}

/** The value of an option that was given. */
function valueGiven(option, given) {
  const { choices, least } = options[option];
  if (choices) {
    if (choices.includes(given)) return given;
    throw new ConfigError(`--${option}`, choices.join(', '), given, didYouMean(given, choices));
  }
  if (least === undefined) return given;
  const number = Number(given);
  if (given.trim() !== '' && Number.isInteger(number) && number >= least) return number;
  throw new ConfigError(
    `--${option}`,
    `a whole number of at least ${least}`,
    JSON.stringify(given),
  );
}
