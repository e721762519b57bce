/**
 * The second half of `npm run build`, after tsc: the page's script in one file, and the charts with
 * the library that draws them, so that whoever installs tactful does not install that as well.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = { root, configFile: false, logLevel: 'warn', publicDir: false };

/** For browsers: one script without imports, its comments gone. */
const page = {
  ...quiet,
  build: {
    outDir: 'dist/report',
    emptyOutDir: false,
    target: 'es2022',
    lib: {
      entry: 'src/page/main.ts',
      formats: ['iife'],
      name: 'report',
      fileName: () => 'page.js',
    },
  },
};

/** For Node, in the place of what tsc wrote: with Observable Plot inside. */
const charts = {
  ...quiet,
  ssr: { noExternal: true },
  build: {
    outDir: 'dist/report/html',
    emptyOutDir: false,
    target: 'node20',
    minify: true,
    ssr: 'dist/report/html/charts.js',
    rolldownOptions: { output: { entryFileNames: 'charts.js' } },
  },
};

/** The dashboard: its page with script and styles. */
const dashboard = {
  ...quiet,
  root: fileURLToPath(new URL('../src/ui', import.meta.url)),
  base: './',
  build: {
    outDir: fileURLToPath(new URL('../dist/dashboard', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
  },
};

await Promise.all([build(page), build(charts), build(dashboard)]);
