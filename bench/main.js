/** Times of tactful on this machine: `npm run bench -- --help`. Parse, call, print. */
import { ConfigError } from '../dist/errors.js';
import { startEngine } from '../dist/runtime/remote.js';
import { machine } from './measure.js';
import { help, readOptions } from './options.js';

const run = {
  minibatch: async (...job) => (await import('./minibatch.js')).minibatch(...job),
  decode: async (...job) => (await import('./decode.js')).decode(...job),
  'demo-step': async (...job) => (await import('./demo-step.js')).demoStep(...job),
};

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await bench(options);
  else console.log(help);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function bench({ name, threads, json, ...options }) {
  const engine = await startEngine({ threads });
  const result = await run[name](engine, options);
  const answer = { bench: name, machine: machine(), engine: engine.description, ...result };
  await engine.close();
  console.log(json ? JSON.stringify(answer) : table(answer));
}

function table({ bench, machine: on, engine, setting, measures, memoryMb }) {
  const settings = Object.entries(setting).map(([name, value]) => `${name} ${value}`);
  const memoryNames = Object.keys(Object.values(memoryMb)[0]);
  return [
    `${bench}: ${settings.join(', ')}`,
    `${on.cpu}, ${on.cores} cores, ${on.memoryMb} MB, node ${on.node}; ${engine}`,
    '',
    line('', 'minimum', 'median', 'n'),
    ...measures.map(({ name, unit, minimum, median, count }) =>
      line(`${name}, ${unit}`, digits(minimum), digits(median), count),
    ),
    '',
    line('peak memory, MB', ...memoryNames),
    ...Object.entries(memoryMb).map(([name, sizes]) => line(name, ...Object.values(sizes))),
  ].join('\n');
}

function line(name, ...cells) {
  return `${name.padEnd(30)}${cells.map((cell) => String(cell).padStart(11)).join('')}`;
}

/** Three significant digits. */
function digits(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
