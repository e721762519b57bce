/** Times of tactful on this machine: `npm run bench -- --help`. Parse, call, print. */
import { ConfigError, TactfulError } from '../dist/errors.js';
import { startEngine } from '../dist/runtime/select.js';
import { inTurn } from './against.js';
import { machine } from './measure.js';
import { help, readOptions } from './options.js';
import { tableOf } from './table.js';

/** Benches that run in this process, on an engine. */
const onEngine = {
  'lab-step': async (...job) => (await import('./lab-step.js')).labStep(...job),
  minibatch: async (...job) => (await import('./minibatch.js')).minibatch(...job),
  decode: async (...job) => (await import('./decode.js')).decode(...job),
  scaling: async (...job) => (await import('./scaling.js')).scaling(...job),
  'demo-step': async (...job) => (await import('./demo-step.js')).demoStep(...job),
};

/** Benches without an engine of their own. */
const processes = {
  data: async (options) => (await import('./data.js')).data(options),
  record: async (options) => (await import('./record.js')).record(options),
  watched: async (options) => (await import('./watched.js')).watched(options),
  machines: async (options) => (await import('./machines.js')).machines(options),
  'machines-model': async () => ({ text: (await import('./machines-model.js')).modelTable() }),
  'run-index': async (options) => (await import('./run-index.js')).runIndex(options),
  demo: async (options) => (await import('./processes.js')).demo(options),
  'cold-start': async (options) => (await import('./processes.js')).coldStart(options),
};

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await bench(options);
  else console.log(help);
} catch (error) {
  if (!(error instanceof TactfulError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}

async function bench({ name, json, against, ...options }) {
  const result = await (against === undefined
    ? resultOf(name, options)
    : inTurn({ name, against, ...options }));
  const answer = { bench: name, machine: machine(), ...result };
  console.log(json ? JSON.stringify(answer) : tableOf(answer));
}

function resultOf(name, options) {
  return Object.hasOwn(processes, name)
    ? processes[name](options)
    : withEngine(onEngine[name], options);
}

async function withEngine(run, { engine: name, threads, ...options }) {
  const engine = await startEngine({ engine: name, threads });
  try {
    return { engine: engine.description, ...(await run(engine, options)) };
  } finally {
    await engine.close();
  }
}
