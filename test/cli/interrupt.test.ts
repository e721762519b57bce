import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listenForInterrupt } from '../../src/cli/interrupt.ts';

function listening() {
  const heard: (string | number)[] = [];
  const signals = new EventEmitter();
  const interrupt = listenForInterrupt({
    signals,
    announce: () => heard.push('announced'),
    exit: (code) => heard.push(code),
  });
  return { heard, signals, ...interrupt };
}

test('the first Ctrl-C asks for an end, the second one enforces it', () => {
  const { heard, signals, signal } = listening();
  signals.emit('SIGINT');
  expect(signal.aborted).toBe(true);
  expect(heard).toEqual(['announced']);
  signals.emit('SIGINT');
  expect(heard).toEqual(['announced', 130]);
});

test('nothing listens after the command', () => {
  const { signals, dispose } = listening();
  dispose();
  expect(signals.listenerCount('SIGINT')).toBe(0);
});
