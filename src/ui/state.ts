/** I/O: what all views share: the place in the address, the language, the way to the server. */
import { signal } from '@preact/signals';
import { type Connection, pauseBefore } from './connection.ts';
import { type Asked, hashOf, type Route, routeOf } from './route.ts';
import { type Language, type Word, wordIn } from './words/words.ts';

export const route = signal<Route>(routeOf(location.hash));
export const language = signal<Language>(languageAtFirst());
/** The server does not take the token: nothing is asked any more until there is another. */
export const refused = signal(false);

/** A word in the language of the page. */
export function say(word: Word, values?: Readonly<Record<string, string | number>>): string {
  return wordIn(language.value, word, values);
}

/** From now on, and when the page is opened again. */
export function speak(chosen: Language): void {
  language.value = chosen;
  localStorage.setItem('language', chosen);
}

function languageAtFirst(): Language {
  const kept = localStorage.getItem('language');
  if (kept === 'en' || kept === 'ko') return kept;
  return navigator.language.startsWith('ko') ? 'ko' : 'en';
}

/** The token in an address or by itself: `http://127.0.0.1:4000/#token=abc`, `…&to=/runs/mine`. */
function tokenIn(text: string): string {
  return /#token=([^&]+)/.exec(text)?.[1] ?? text.trim();
}

/** From now on every request has this token. */
export function take(given: string): void {
  sessionStorage.setItem('token', tokenIn(given));
  refused.value = false;
}

/** The first link brings the token in its fragment; it goes from the address at once. */
function takeFromAddress(): void {
  if (!location.hash.startsWith('#token=')) return;
  take(location.hash);
  history.replaceState(null, '', `#${/&to=(.+)$/.exec(location.hash)?.[1] ?? '/runs'}`);
}

export const connection: Connection = {
  fetch: (...request) => fetch(...request),
  token: () => sessionStorage.getItem('token') ?? '',
  pause: pauseBefore,
  refused: () => {
    refused.value = true;
  },
};

/** Changes what the view is asked for, in the address too, without a new place in the history. */
export function ask(changed: Asked): void {
  const next = { ...route.value, asked: { ...route.value.asked, ...changed } };
  history.replaceState(null, '', hashOf(next));
  route.value = next;
}

function look(): void {
  takeFromAddress();
  route.value = routeOf(location.hash);
}
look();
addEventListener('hashchange', look);
