#!/usr/bin/env node
import { processIo } from './io.ts';
import { runProgram } from './program.ts';

process.on('exit', () => {
  if (process.exitCode !== 13) return; // Node's word for: all that is left waits for what never comes
  const words = 'expected an answer, got none, and nothing at work that could still give one';
  process.stderr.write(`error: ${words}. A reward of your own has to settle its promise.\n`);
  process.exitCode = 1;
});
process.exitCode = await runProgram(process.argv.slice(2), processIo());
