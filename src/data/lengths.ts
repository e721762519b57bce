/** How long dialogues are, and how many of them the bounds leave out. Pure. */
import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { codePoints, type LengthBounds } from './prepare.ts';
import { counted, grouped } from './words.ts';

/** Share of the rows below which a user would want to know what became of the others. */
const mostKept = 0.5;

/** Measures dialogues against bounds, and remembers what it has measured. */
export class Lengths {
  readonly #minimum: number;
  readonly #maximum: number;
  readonly #lengths: number[] = [];

  constructor({ minimum, maximum }: Required<LengthBounds>) {
    this.#minimum = minimum;
    this.#maximum = maximum;
  }

  /** Whether a dialogue is of a length that is kept. */
  readonly keep = ({ dialogue }: { readonly dialogue: string }): boolean => {
    const length = codePoints(dialogue);
    this.#lengths.push(length);
    return length > this.#minimum && length <= this.#maximum;
  };

  /**
   * What fell to the bounds, where most rows did.
   * @param where they are
   */
  note(where: string): Note | undefined {
    const { rows, short, long } = this.#counts();
    if (short + long <= (1 - mostKept) * rows) return undefined;
    const says = `${where}: of ${counted(rows, 'row')} ${grouped(rows - short - long)} are kept by length: ${this.#fallen()}.`;
    return { says, remedy: this.#remedy() };
  }

  /**
   * That too few are left, and what fell to which bound.
   * @param different dialogues among those that are kept
   */
  tooFew(where: string, expected: string, different: number): InputError {
    const { rows, short, long } = this.#counts();
    const kept = counted(rows - short - long, 'dialogue');
    if (short + long === 0) {
      const all = `${counted(rows, 'row')} with ${counted(different, 'different dialogue')}`;
      return new InputError(where, expected, all, 'Use more data.');
    }
    const actual = `${kept} of ${counted(rows, 'row')}: ${this.#fallen()}`;
    return new InputError(where, expected, actual, this.#remedy());
  }

  #counts() {
    const short = this.#lengths.filter((length) => length <= this.#minimum).length;
    const long = this.#lengths.filter((length) => length > this.#maximum).length;
    return { rows: this.#lengths.length, short, long };
  }

  /** `12 of 40 characters or less, …`, with the lengths that there are. */
  #fallen(): string {
    const { short, long } = this.#counts();
    const sorted = this.#lengths.toSorted((a, b) => a - b);
    const [shortest, median, longest] = [0, sorted.length >> 1, sorted.length - 1].map((place) =>
      grouped(sorted[place]),
    );
    return (
      `${grouped(short)} are too short (${grouped(this.#minimum)} characters or fewer) and ` +
      `${grouped(long)} too long (more than ${grouped(this.#maximum)}); the shortest has ${shortest}, ` +
      `the median ${median}, the longest ${longest}`
    );
  }

  #remedy(): string {
    const { short, long } = this.#counts();
    const shortest = this.#lengths.reduce((a, b) => Math.min(a, b));
    const longest = this.#lengths.reduce((a, b) => Math.max(a, b));
    const settings = [
      ...(short > 0 ? [`\`minimumLength\` to ${Math.max(0, shortest - 1)}`] : []),
      ...(long > 0 ? [`\`maximumLength\` to ${longest}`] : []),
    ];
    return `Set ${settings.join(' and ')} to keep all of them.`;
  }
}
