import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseWordList, wordFinder } from '../../src/eval/word-list.ts';
import { insultAdjectives, insultNouns } from '../../tools/corpus/insults.ts';

const path = new URL('../../words/insults.txt', import.meta.url);
const own = parseWordList(await readFile(path, 'utf8'), 'insults.txt');

test('a list is a word or phrase a line, without comments, blank lines and repeats', () => {
  const text = '\uFEFF# names\r\nidiot\r\n\r\n  shut up  \n# more\nidiot\n';
  expect(parseWordList(text, 'list.txt')).toEqual(['idiot', 'shut up']);
  expect(() => parseWordList('# nothing\n\n', 'list.txt')).toThrow(
    'list.txt: expected a list of words, got none.',
  );
});

test.each([
  [
    'a word is whole, whatever stands around it',
    'ass',
    ['"ass"', "ass's", '_ass_', 'ass'],
    ['class', 'assess', 'ass1', 'brass'],
  ],
  ['case is aside, in every script', 'IDIOT', ['You Idiot!', 'iDiOt'], ['idiots', 'idiocy']],
  ['ß is SS, and a final sigma a sigma', 'scheiße', ['SCHEISSE!', 'Scheisse'], ['scheißen']],
  [
    'blanks within a phrase may be any, and more than one',
    'shut up',
    ['Shut \n up.', 'SHUT UP'],
    ['shutup', 'shut upper'],
  ],
  [
    'marks belong to a word, composed or not',
    'idée',
    ['ide\u0301e', 'IDÉE'],
    ['idées', 'ide\u0301es'],
  ],
  ['a mark behind it makes another word', 'ide', ['ide.'], ['ide\u0301']],
  ['what begins or ends with a sign needs no boundary there', '@$$', ['you@$$you'], ['@$']],
  ['full-width letters are letters', 'idiot', ['ｉｄｉｏｔ'], ['ｉｄｉｏｔｓ']],
  ['letters beyond the basic plane are letters', 'ass', ['😀ass😀'], ['𝐱ass', '𐐀ass', 'ass𐐀']],
  [
    'Korean goes on behind a word, and not before it',
    '바보',
    ['너는 바보야', '바보들이다', '「바보」'],
    ['대바보', '바 보'],
  ],
  ['a Korean word and letters behind it', '바보', ['바보123'], ['a바보']],
  ['Korean in letters apart is Korean', '바보', ['바보'.normalize('NFD')], []],
  [
    'Chinese and Japanese have no blanks, and no boundaries',
    '笨蛋',
    ['你这个笨蛋吗', '笨蛋'],
    ['笨 蛋'],
  ],
  ['kana stand anywhere', 'ばか', ['おまえはばかだ'], ['ば か']],
  ['each end of a mixed word has its own rule', 'ok笨', ['ok笨蛋', '你 ok笨'], ['book笨']],
  ['Cyrillic words are whole', 'дурак', ['Ты ДУРАК!'], ['дураки', 'придурак']],
])('%s', (_, word, has, lacks) => {
  const finds = wordFinder([word]);
  expect(has.filter((text) => !finds(text))).toEqual([]);
  expect(lacks.filter((text) => finds(text))).toEqual([]);
});

test('one of several words is enough, at any place', () => {
  const finds = wordFinder(['one', 'two words']);
  expect(['none', 'alone one', 'not two', 'two words', ''].map(finds)).toEqual([
    false,
    true,
    false,
    true,
    false,
  ]);
});

test("tactful's own list has the insults of the demo's corpus, and many Korean ones", () => {
  const finds = wordFinder(own);
  const missed = [...insultNouns, ...insultAdjectives, 'shut up'].filter((word) => !finds(word));
  expect(missed).toEqual([]);
  expect(own.filter((word) => /\p{Script=Hangul}/u.test(word)).length).toBeGreaterThan(40);
  expect(own.filter((word) => /^[a-z ]+$/.test(word)).length).toBeGreaterThan(60);
});

test("tactful's own list finds nothing in polite sentences", () => {
  const finds = wordFinder(own);
  const polite = [
    '#Person1# asks #Person2# to calm down and books the room for two nights.',
    'She assesses the class, classic grass and a cockpit; the pigeon is in the Scunthorpe library.',
    '개인 정보를 확인하고 시발역에서 만나기로 했습니다.',
    '새해 인사를 나누고 헛걸음하지 않도록 미리 전화합니다.',
    '그는 등산을 좋아하고, 미친 듯이 달렸다고 말합니다.',
    '문을 닫고 불을 꺼 달라고 부탁했습니다. 촛불이 꺼져 있었고, 졸업식은 금요일입니다.',
    '등신대 인형과 시바견을 찾으러 서랍을 뒤져 보았습니다.',
  ];
  expect(polite.filter(finds)).toEqual([]);
});

test('a listed letter is not in a hundred thousand of it in a row', () => {
  const finds = wordFinder(['a', 'aa', ...own]);
  expect(finds('a'.repeat(100_000))).toBe(false);
});
