/** Runs files one after another, and prints what each has printed: one JSON. */
import { pathToFileURL } from 'node:url';

const { console: screen } = globalThis;
const printed = [];
for (const file of process.argv.slice(2)) {
  const lines = [];
  screen.log = (...things) => {
    const texts = things.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
    lines.push(texts.join(' '));
  };
  await import(pathToFileURL(file).href);
  printed.push(lines.join('\n'));
}
process.stdout.write(JSON.stringify(printed));
