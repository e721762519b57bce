import { parseArgs } from 'node:util';
import { ConfigError, didYouMean } from '../dist/errors.js';
import { models } from './models.js';

/** Benches, what they do, and the options that they take besides the common ones. */
export const benches = {
  minibatch: {
    summary: 'one PPO minibatch: forward, and forward + backward',
    options: ['model', 'batch', 'source', 'target'],
    defaults: { batch: 4 },
  },
  decode: {
    summary: 'sampling with a KV cache: ms a step',
    options: ['model', 'batch', 'source', 'steps'],
    defaults: { batch: 16, source: 300 },
  },
  'demo-step': {
    summary: 'one PPO step on demo/, split into its parts',
    options: [],
    defaults: {},
  },
};

const common = ['reps', 'threads', 'json'];

const options = {
  model: { type: 'string', default: 't5-base', text: models.join(', ') },
  batch: { type: 'string', default: 4, text: 'rows (decode: 16)' },
  source: { type: 'string', default: 320, text: 'tokens of a query (decode: 300)' },
  target: { type: 'string', default: 64, text: 'tokens of a response' },
  steps: { type: 'string', default: 32, text: 'tokens to generate' },
  reps: { type: 'string', default: 3, text: 'repetitions, after one that does not count' },
  threads: { type: 'string', default: 0, text: 'threads of the engine; 0: one a core' },
  json: { type: 'boolean', default: false, text: 'print JSON instead of a table' },
};

export const help = `Usage: npm run bench -- <bench> [options]

Benches:
${list(Object.entries(benches).map(([name, { summary }]) => [name, summary]))}

Options:
${list(
  Object.entries(options).map(([name, { type, text, default: value }]) => [
    `--${name}${type === 'string' ? ' <value>' : ''}`,
    `${text} [${value}]`,
  ]),
)}

Random weights are written once to .cache/ (FLAN-T5-base: 1 GB).`;

function list(pairs) {
  return pairs.map(([name, text]) => `  ${name.padEnd(18)} ${text}`).join('\n');
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
  const known = [...benches[name].options, ...common];
  const foreign = Object.keys(values).find((option) => !known.includes(option));
  if (foreign) {
    throw new ConfigError(`bench ${name}`, `--${known.join(', --')}`, `--${foreign}`);
  }
  const chosen = known.map((option) => {
    const given = values[option];
    const standard = benches[name].defaults[option] ?? options[option].default;
    return [option, given === undefined ? standard : numberOrName(option, given)];
  });
  return { name, ...Object.fromEntries(chosen) };
}

function parse(words) {
  const types = Object.entries(options).map(([name, { type }]) => [name, { type }]);
  const known = { ...Object.fromEntries(types), help: { type: 'boolean', short: 'h' } };
  try {
    return parseArgs({ args: words, options: known, allowPositionals: true });
  } catch (cause) {
    const remedy = 'See npm run bench -- --help.';
    throw new ConfigError(
      'bench',
      'known options with values',
      cause.message.split('. ')[0],
      remedy,
    );
  }
}

function numberOrName(option, given) {
  if (option === 'json') return given;
  if (option === 'model') {
    if (models.includes(given)) return given;
    throw new ConfigError('--model', models.join(', '), given, didYouMean(given, models));
  }
  const least = option === 'threads' ? 0 : 1;
  const number = Number(given);
  if (given.trim() !== '' && Number.isInteger(number) && number >= least) return number;
  throw new ConfigError(
    `--${option}`,
    `a whole number of at least ${least}`,
    JSON.stringify(given),
  );
}
