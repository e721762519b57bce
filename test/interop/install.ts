/**
 * Installs what the interop suite compares with, once, in `.cache/interop`: Python environments from
 * PyPI, of transformers 4 and of 5 (3 GB each: PyTorch brings CUDA along), of awswrangler, of MLflow
 * with TensorBoard and of RAGAS, and transformers.js from npm; and prints their versions.
 * TACTFUL_INTEROP_PYTHON, …_PYTHON_5, …_PYTHON_AWS, …_PYTHON_CURVES and …_PYTHON_RAGAS name Pythons that have the libraries of the requirements already,
 * TACTFUL_INTEROP_MODULES a node_modules with transformers.js.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve('.cache/interop');
const transformersJs = '@huggingface/transformers@4.3.2';
const torch = ['transformers', 'peft', 'torch'];
/** What each variable names: an environment, by the requirements that make it. */
const pythons = {
  TACTFUL_INTEROP_PYTHON: { name: '', stamp: 'python', libraries: torch },
  TACTFUL_INTEROP_PYTHON_5: { name: '5', stamp: 'python-5', libraries: torch },
  TACTFUL_INTEROP_PYTHON_AWS: {
    name: 'aws',
    stamp: 'python-aws',
    libraries: ['awswrangler', 'boto3', 'moto'],
  },
  TACTFUL_INTEROP_PYTHON_CURVES: {
    name: 'curves',
    stamp: 'python-curves',
    libraries: ['mlflow', 'tensorboard', 'pandas', 'pyarrow'],
  },
  // with langchain-community 0.4.1: beside later ones RAGAS does not import
  TACTFUL_INTEROP_PYTHON_RAGAS: { name: 'ragas', stamp: 'python-ragas', libraries: ['ragas'] },
};
const versions =
  'import sys; from importlib.metadata import version; print(*(f"{x} {version(x)}" for x in sys.argv[1:]))';

export default function install(): void {
  mkdirSync(folder, { recursive: true });
  for (const [variable, { name, stamp, libraries }] of Object.entries(pythons)) {
    process.env[variable] ??= environment(name, stamp);
    run(process.env[variable], ['-c', versions, ...libraries]);
  }
  if (!process.env.TACTFUL_INTEROP_MODULES) {
    once('npm', transformersJs, () =>
      run('npm', ['install', '--ignore-scripts', '--no-save', '--prefix', folder, transformersJs]),
    );
    process.env.TACTFUL_INTEROP_MODULES = join(folder, 'node_modules');
  }
  const modules = process.env.TACTFUL_INTEROP_MODULES;
  const manifest = join(modules, '@huggingface/transformers/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  process.stdout.write(`transformers.js ${version}\n`);
}

/** Makes a Python environment, where there is none of its requirements. @returns its Python */
function environment(name: string, stamp: string): string {
  const venv = join(folder, `venv${name}`);
  const python = join(venv, 'bin/python');
  const requirements = resolve('test/interop', `requirements${name && `-${name}`}.txt`);
  once(stamp, readFileSync(requirements, 'utf8'), () => {
    run('python3', ['-m', 'venv', venv]);
    run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
  });
  return python;
}

/** Does the work unless it was done for the same wish before. */
function once(name: string, wish: string, work: () => void): void {
  const stamp = join(folder, `${name}.installed`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wish) return;
  work();
  writeFileSync(stamp, wish);
}

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(' ')}: exit ${status}`);
}
