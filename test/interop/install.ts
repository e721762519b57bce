/**
 * Installs what the interop suite compares with, once, in `.cache/interop`: a Python environment
 * from PyPI (3 GB: PyTorch brings CUDA along) and transformers.js from npm. TACTFUL_INTEROP_PYTHON
 * names a Python that has the libraries of `requirements.txt` already.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve('.cache/interop');
const requirements = resolve('test/interop/requirements.txt');
const transformersJs = '@huggingface/transformers@4.3.1';

export default function install(): void {
  mkdirSync(folder, { recursive: true });
  if (!process.env.TACTFUL_INTEROP_PYTHON) {
    const venv = join(folder, 'venv');
    const python = join(venv, 'bin/python');
    once('python', readFileSync(requirements, 'utf8'), () => {
      run('python3', ['-m', 'venv', venv]);
      run(python, ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
    });
    process.env.TACTFUL_INTEROP_PYTHON = python;
  }
  once('npm', transformersJs, () =>
    run('npm', ['install', '--ignore-scripts', '--no-save', '--prefix', folder, transformersJs]),
  );
  process.env.TACTFUL_INTEROP_MODULES = join(folder, 'node_modules');
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
