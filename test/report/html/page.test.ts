import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { reportPage } from '../../../src/report/html/page.ts';
import { reportKorean } from '../../../src/report/words/report.ko.ts';
import { exampleComparison, exampleSamples, finished, started, steps } from '../comparison.ts';

const comparison = exampleComparison();
const samples = exampleSamples();
const parts = { started, comparison, steps, finished };
const script = 'const page = 1;';
const page = reportPage(parts, samples, script);

const hostile = '</script><script>alert(1)</script><img src=x onerror=alert(2)> & "quoted" \'so\'';
const spoilt = (list: readonly Sample[]) =>
  list.map((sample) => ({ ...sample, id: hostile, query: hostile, response: hostile }));

/** Markup without what is in scripts and styles, and without the texts between the tags. */
const tagsOf = (text: string) =>
  text.replace(/<(script|style)\b[\s\S]*?<\/\1>/g, '').match(/<[a-z][^>]*>/g) ?? [];

test('the page has a section for all that was measured, each in its contents', () => {
  const ids = [...page.matchAll(/<section id="(\w+)">/g)].map(([, id]) => id);
  expect(ids).toEqual([
    'training',
    'distributions',
    'slices',
    'together',
    'samples',
    'limits',
    'record',
  ]);
  expect([...page.matchAll(/<a href="#(\w+)"/g)].map(([, id]) => id)).toEqual(ids);
  expect(page).toContain('</span>Improved</h1>');
});

test('charts are SVG, with a label for who cannot see them', () => {
  const drawings = page.match(/<svg[^>]*>/g) ?? [];
  expect(drawings.length).toBeGreaterThan(10);
  for (const drawing of drawings) expect(drawing).toMatch(/ aria-label="[^"]+"/);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test('the page asks for nothing: no address, and a policy that allows none', () => {
  for (const tag of tagsOf(page)) expect(tag).not.toMatch(/\b(src|srcset|action|data|poster)=/);
  expect(page.match(/href="[^"]*"/g)?.every((link) => link.startsWith('href="#'))).toBe(true);
  expect(page).not.toMatch(/@import|url\(|https?:\/\/(?!www\.w3\.org)/);
  const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  const hash = createHash('sha256').update(script).digest('base64');
  expect(policy?.replaceAll('&#39;', "'")).toContain(
    `default-src 'none'; script-src 'sha256-${hash}'`,
  );
});

test('a run of one step has no curve, and is not said to have no step', () => {
  const [training] = /<section id="training">[\s\S]*?<\/section>/.exec(
    reportPage({ ...parts, steps: steps.slice(0, 1) }, samples, script),
  )!;
  expect(training).toContain('<p>One step makes no curve: its numbers are in events.jsonl.</p>');
  const none = reportPage({ ...parts, steps: [] }, samples, script);
  expect(none).toContain('<p>No training step was recorded.</p>');
});

test('texts of the data are texts, wherever they stand', () => {
  const group = { ...samples.before[0], group: hostile };
  const before = [group, ...spoilt(samples.before).slice(1)];
  const text = reportPage(
    {
      ...parts,
      started: {
        ...started,
        runId: hostile,
        config: { model: hostile },
        fingerprints: { [hostile]: hostile },
      },
      guarded: [
        {
          ...{ type: 'guarded', step: 3, guard: hostile, reads: 'held-out', action: 'warned' },
          numbers: { before: 1, now: 0.5, limit: 0.1, relative: true, n: 4 },
          samples: [{ query: hostile, response: hostile, before: 'x' }],
        },
      ],
      comparison: {
        ...comparison,
        slices: comparison.slices.map((slice) => ({ ...slice, name: hostile })),
      },
    },
    { before, after: spoilt(samples.after) },
    script,
  );
  expect(text.split('<script').length).toBe(page.split('<script').length);
  expect(text).not.toContain('<img');
  expect(tagsOf(text).filter((tag) => /onerror|alert/.test(tag.replace(/"[^"]*"/g, '""')))).toEqual(
    [],
  );
  const [, data] = /<script type="application\/json" id="data">(.*?)<\/script>/.exec(text) ?? [];
  expect(JSON.parse(data!).samples[1].after).toBe(hostile);
});

test('the data has every sample, before and after, rounded to what is shown', () => {
  const [, data] = /id="data">(.*?)<\/script>/.exec(page) ?? [];
  const [first, ...others] = JSON.parse(data!).samples;
  expect(others).toHaveLength(samples.before.length - 1);
  expect(first.toxicity[1]).toBeCloseTo(samples.after[0].toxicity, 5);
  expect(first.query).toBe(
    '#Person1#: Your parcel is late, you useless clown!\n#Person2#: I am sorry, it arrives on Friday. (0)',
  );
});

test('what guards saw is marked in the charts and told below', () => {
  const seen = {
    type: 'guarded',
    guard: 'rouge1',
    reads: 'held-out',
    action: 'rolled back',
  } as const;
  const numbers = { before: 0.7, now: 0.5, limit: 0.1, relative: true, n: 64 };
  const text = reportPage(
    {
      ...parts,
      guarded: [{ ...seen, step: 12, to: 8, numbers, samples: [] }],
      checked: [{ type: 'checked', step: 12, well: false, n: 64, seconds: 1 }],
    },
    samples,
    script,
  );
  expect(text).toContain('The result is that of step 8: a guard stopped the training.');
  expect(text).toContain(
    'Step 12: ROUGE-1 fell, 0.7 → 0.5. The training was stopped and taken back to step 8.',
  );
  expect(text).toMatch(/fill="var\(--mark\)"[^>]*>(<g[^>]*>)?<text[^>]*>1</);
});

test('without samples, steps or a script the page is without what needs them', () => {
  const text = reportPage({ ...parts, steps: [] }, undefined, undefined);
  expect(text).toContain('No training step was recorded.');
  expect(text).not.toMatch(/id="(samples|distributions|together)"/);
  expect(text).not.toContain('<script');
});

test('without ROUGE nothing is said of it', () => {
  const bare = (list: readonly Sample[]) =>
    list.map(({ rouge1: _, rougeL: __, ...sample }) => sample);
  const slices = comparison.slices.map(({ rouge1: _, rougeL: __, ...slice }) => slice);
  const { before, after } = samples;
  const { rouge: _, ...rest } = comparison;
  const text = reportPage(
    { ...parts, comparison: { ...rest, slices } },
    { before: bare(before), after: bare(after) },
    undefined,
  );
  expect(text).not.toContain('ROUGE');
});

test('one response that stays the same has a page', () => {
  const one = exampleSamples(1);
  const same = { before: one.before, after: one.before };
  expect(reportPage(parts, same, script)).not.toMatch(/NaN|undefined|Infinity/);
});

test('the page speaks Korean where it is asked to', () => {
  const text = reportPage({ ...parts, language: 'ko' }, samples, script);
  expect(text).toContain('<html lang="ko">');
  for (const title of [reportKorean.titles.training, reportKorean.titles.samples])
    expect(text).toContain(`<h2>${title}</h2>`);
});
