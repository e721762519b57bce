import type { Places } from '../places.ts';

/** TRL's mask leaves out the first generated token. */
export const withoutFirst: Places['mask'] = (place) => (place > 0 ? 1 : 0);
