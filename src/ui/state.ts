/** I/O: what all views share: the place in the address, the language, the way to the server. */
import { signal } from '@preact/signals';
import { type Connection, pauseBefore } from './connection.ts';
import { type Route, routeOf } from './route.ts';
import { type Language, type Word, wordIn } from './words.ts';

export const route = signal<Route>(routeOf(location.hash));
export const language = signal<Language>(navigator.language.startsWith('ko') ? 'ko' : 'en');

/** A word in the language of the page. */
export function say(word: Word): string {
  return wordIn(language.value, word);
}

/** The first link brings the token in its fragment; it goes from the address at once. */
function takeToken(): string {
  const [, given] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (given === undefined) return sessionStorage.getItem('token') ?? '';
  sessionStorage.setItem('token', given);
  history.replaceState(null, '', '#/runs');
  route.value = { view: 'runs' };
  return given;
}

export const connection: Connection = {
  fetch: (...request) => fetch(...request),
  token: takeToken(),
  pause: pauseBefore,
};

addEventListener('hashchange', () => {
  route.value = routeOf(location.hash);
});
