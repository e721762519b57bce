/**
 * Installs what the interop suite compares with, once, in `.cache/interop`: two Python environments
 * from PyPI (3 GB each: PyTorch brings CUDA along), of transformers 4 and of 5, and transformers.js
 * from npm; and prints their versions. TACTFUL_INTEROP_PYTHON and TACTFUL_INTEROP_PYTHON_5 name
 * Pythons that have the libraries of `requirements.txt` and `requirements-5.txt` already,
 * TACTFUL_INTEROP_MODULES a node_modules with transformers.js.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve('.cache/interop');
const transformersJs = '@huggingface/transformers@4.3.2';
/** What each variable names: an environment, by the requirements that make it. */
const pythons = {
  TACTFUL_INTEROP_PYTHON: { venv: 'venv', requirements: 'requirements.txt', stamp: 'python' },
  TACTFUL_INTEROP_PYTHON_5: {
    venv: 'venv5',
    requirements: 'requirements-5.txt',
    stamp: 'python-5',
  },
};
const versions =
  'import transformers, peft, torch; print("transformers", transformers.__version__, "peft", peft.__version__, "torch", torch.__version__)';

export default function install(): void {
  mkdirSync(folder, { recursive: true });
  for (const [variable, { venv, requirements, stamp }] of Object.entries(pythons)) {
    process.env[variable] ??= environment(join(folder, venv), requirements, stamp);
    run(process.env[variable], ['-c', versions]);
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

/** Makes a Python environment, where there is none of these requirements. @returns its Python */
function environment(venv: string, name: string, stamp: string): string {
  const python = join(venv, 'bin/python');
  const requirements = resolve('test/interop', name);
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
