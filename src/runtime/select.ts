/** Which engine computes, and why. */
import { ConfigError, UnavailableError } from '../errors.ts';
import type { Engine } from './engine.ts';
import { type EngineOptions, engines, type OneEngine, trusted } from './engines.ts';
import type { Choice, EngineRecord, Found, Wanted } from './record.ts';
import { startWorker } from './remote.ts';
import { selfTest, tolerances } from './self-test.ts';
import { speedsOf } from './speed.ts';
import type { Device, Precision } from './traits.ts';
import { trust } from './trust.ts';

/**
 * Starts an engine in a worker thread. `auto` is the first that takes the work (OpenVINO where that was
 * seen to be faster), is there, and passes its self-test; else ONNX Runtime. Its description says why.
 * @throws {UnavailableError} when what is asked for is not there, or not right
 */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const { engine: asked = 'auto', work: _, ...wanted } = options;
  if (asked !== 'auto') return start(asked, wanted);
  const against: string[] = [];
  for (const name of Object.keys(engines) as OneEngine[]) {
    const choice = mismatch(name, options) ? undefined : await engines[name].choose?.(options);
    if (!choice) continue;
    const started = choice.takes ? await tried(name, wanted) : choice.why;
    const answer = typeof started === 'string' ? started : await measured(started, choice, wanted);
    if (typeof answer !== 'string') return answer;
    against.push(`not ${name}: ${answer}`);
  }
  // where no engine has bf16 that can be used, f32 will do
  const engine = await start(trusted, { ...wanted, precision: 'f32' });
  return against.length > 0 ? noted(engine, against.join('; ')) : engine;
}

/** An engine that may be trusted. */
async function start(name: OneEngine, wanted: Wanted): Promise<Engine> {
  const contradiction = mismatch(name, wanted);
  if (contradiction) throw contradiction;
  const found = await engines[name].find?.(wanted);
  if (found && 'missing' in found) {
    throw new UnavailableError(`engine ${name}`, found.expected, found.missing, found.remedy);
  }
  return tested(name, wanted, found);
}

/** The same where another will do: why not, in few words, where it is not to be had. */
async function tried(name: OneEngine, wanted: Wanted): Promise<Engine | string> {
  const found = await engines[name].find?.(wanted);
  if (found && 'missing' in found) return found.missing;
  try {
    return await tested(name, wanted, found);
  } catch (error) {
    return error instanceof SelfTestError ? 'self-test failed' : 'its library does not work';
  }
}

/** An engine that is faster than the trusted one, and by how much; else it is closed, and says why it is not taken. */
async function measured(
  engine: Engine,
  { why, width }: Choice,
  { threads }: Wanted,
): Promise<Engine | string> {
  if (width === undefined) return noted(engine, why);
  const { own, trusted } = await speedsOf(engine, width, threads);
  const times = (ratio: number) => `${ratio.toFixed(1)} times`;
  const block = `a block ${width} wide`;
  if (own < trusted) return noted(engine, `${times(trusted / own)} as fast on ${block}`);
  await engine.close();
  return `takes ${times(own / trusted)} as long on ${block}`;
}

/** What of the wishes the engine cannot do. */
function mismatch(name: OneEngine, { device = 'cpu', precision }: Wanted): ConfigError | undefined {
  const { devices, precisions, title } = engines[name];
  const where = `engine ${name}`;
  if (!devices.includes(device)) {
    return new ConfigError(where, `device ${devices.join(' or ')}`, device);
  }
  if (precision === undefined || precisions.includes(precision)) return undefined;
  const remedy = `${title} has no other: choose \`engine\` ${withPrecision(precision)}.`;
  return new ConfigError(where, `precision ${precisions.join(' or ')}`, precision, remedy);
}

/** Names of the engines that have a precision. */
function withPrecision(precision: Precision): string {
  const able = Object.values(engines).filter(({ precisions }) => precisions.includes(precision));
  return able.map(({ name }) => name).join(' or ');
}

/** An engine whose self-test has failed. */
class SelfTestError extends UnavailableError {}

/**
 * An engine that computes what the trusted one computes on the CPU. Of other devices that is asked at
 * each start: drivers differ.
 */
async function tested(
  name: OneEngine,
  wanted: Wanted,
  found: Extract<Found, { library: string }> | undefined,
): Promise<Engine> {
  const { note, ...opened } = { note: undefined, ...wanted, ...found };
  const engine = await startWorker({ engine: name, ...opened });
  if (name === trusted && engine.device === 'cpu') return engine;
  const { passed, text } = await (engine.device === 'cpu'
    ? trust(engine, { precision: opened.precision ?? engine.precision })
    : onDevice(engine));
  if (passed) return note === undefined ? engine : noted(engine, note);
  await engine.close();
  throw name === trusted ? wrongDevice(engine.device, text) : wrongEngine(engines[name], text);
}

async function onDevice(engine: Engine) {
  const cpu = await startWorker({ engine: trusted });
  try {
    return await selfTest(engine, cpu, tolerances[engine.precision]);
  } finally {
    await cpu.close();
  }
}

function wrongDevice(device: Device, text: string): SelfTestError {
  const remedy = 'Choose `device` cpu, which is always there.';
  return new SelfTestError(`device ${device}`, 'results like those of the CPU', text, remedy);
}

function wrongEngine({ name, remedy = '' }: EngineRecord, text: string): SelfTestError {
  const instead = `Choose \`engine\` ${trusted}. ${remedy}`.trimEnd();
  return new SelfTestError(`engine ${name}`, `results like those of ${trusted}`, text, instead);
}

/** The engine with a note behind its description. */
function noted(engine: Engine, note: string): Engine {
  return { ...engine, description: `${engine.description} (${note})` };
}
