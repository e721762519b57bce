/**
 * Reads the pickles that state dicts are saved as, and refuses all others. Nothing of a pickle is ever
 * run: it becomes plain data, and what it wants to call is looked up in a list of permitted names.
 * Pure.
 * @see https://docs.python.org/3/library/pickletools.html for the opcodes
 */
import { InputError } from '../errors.ts';
import { opcodes, refusedOpcodes } from './pickle-opcodes.ts';

/** What a pickle may hold. Containers may contain themselves: they are made before they are filled. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | PickledContainer
  /** A class or function by its full name; nothing but the name. */
  | { readonly kind: 'global'; readonly name: string }
  /** What the permitted callables gave. */
  | { readonly kind: 'made'; readonly value: object };

/** A tuple, a list, or a dict as keys and values in turn. */
export interface PickledContainer {
  readonly kind: 'tuple' | 'list' | 'dict';
  readonly items: Pickled[];
}

/** What a pickle's writer may ask for. Each function throws, or returns undefined to refuse. */
export interface Permitted {
  /** Whether a class or function may be named. */
  isKnown(name: string): boolean;
  /** What a call of a known callable gives. */
  call(name: string, parameters: readonly Pickled[]): Pickled | undefined;
  /** An object that lies outside the pickle. */
  persistent(id: Pickled): Pickled | undefined;
}

/** Says what to do with a file that is refused. */
export const convert =
  'Where you trust it, convert it with Python: safetensors.torch.save_file(torch.load(file), …).';

/** Most bytes and operations: some 25,000 tensors; each operation may take a small object's memory. */
const [mostBytes, mostOperations] = [2 ** 25, 1_000_000];

/**
 * The one object in a pickle of protocol 2 to 5.
 * @param where the file's name, for messages
 * @throws {InputError} for whatever else a pickle can do: it names the opcode, class or function, and
 *   its position; and for a damaged or too large one
 */
export function unpickle(bytes: Uint8Array, where: string, permitted: Permitted): Pickled {
  if (bytes.length > mostBytes) throw refused(where, `at most ${mostBytes} bytes`, bytes.length);
  const machine = new Machine(bytes, where, permitted);
  for (let count = 0; machine.step(); count++) {
    if (count > mostOperations)
      throw refused(where, `at most ${mostOperations} operations`, 'more');
  }
  return machine.result();
}

/** A value that is expected to be a whole number from 0 up. */
export function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** A container of one kind. */
export function isContainer(
  value: Pickled | undefined,
  kind: PickledContainer['kind'],
): value is PickledContainer {
  return typeof value === 'object' && value !== null && value.kind === kind;
}

/** Python's pickle machine: a stack, marks on it, and a memo of what may be named again. */
class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  readonly #permitted: Permitted;
  readonly #stack: Pickled[] = [];
  /** Heights of the stack; what lies below the last mark is out of reach. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Pickled>();
  #at = 0;
  /** Where the operation under way begins. */
  #start = 0;

  constructor(bytes: Uint8Array, where: string, permitted: Permitted) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
    this.#permitted = permitted;
  }

  /** Does one operation; false after the last one. */
  step(): boolean {
    this.#start = this.#at;
    const code = this.#bytes[this.#take(1)];
    switch (opcodes[code as keyof typeof opcodes]) {
      case 'PROTO': {
        const protocol = this.#bytes[this.#take(1)];
        if (protocol >= 2 && protocol <= 5) return true;
        throw this.#refuse('a pickle of protocol 2 to 5', `protocol ${protocol}`);
      }
      case 'FRAME':
        this.#take(8);
        return true;
      case 'NONE':
        return this.#push(null);
      case 'NEWTRUE':
        return this.#push(true);
      case 'NEWFALSE':
        return this.#push(false);
      case 'BININT':
        return this.#push(this.#view.getInt32(this.#take(4), true));
      case 'BININT1':
        return this.#push(this.#bytes[this.#take(1)]);
      case 'BININT2':
        return this.#push(this.#view.getUint16(this.#take(2), true));
      case 'LONG1':
        return this.#push(this.#long(this.#bytes[this.#take(1)]));
      case 'BINFLOAT':
        return this.#push(this.#view.getFloat64(this.#take(8), false));
      case 'SHORT_BINUNICODE':
        return this.#push(this.#text(this.#bytes[this.#take(1)]));
      case 'BINUNICODE':
        return this.#push(this.#text(this.#view.getUint32(this.#take(4), true)));
      case 'EMPTY_TUPLE':
        return this.#push({ kind: 'tuple', items: [] });
      case 'TUPLE1':
        return this.#push({ kind: 'tuple', items: this.#popMany(1) });
      case 'TUPLE2':
        return this.#push({ kind: 'tuple', items: this.#popMany(2) });
      case 'TUPLE3':
        return this.#push({ kind: 'tuple', items: this.#popMany(3) });
      case 'TUPLE':
        return this.#push({ kind: 'tuple', items: this.#popToMark() });
      case 'EMPTY_LIST':
        return this.#push({ kind: 'list', items: [] });
      case 'APPEND':
        return this.#fill('list', this.#popMany(1));
      case 'APPENDS':
        return this.#fill('list', this.#popToMark());
      case 'EMPTY_DICT':
        return this.#push({ kind: 'dict', items: [] });
      case 'SETITEM':
        return this.#fill('dict', this.#popMany(2));
      case 'SETITEMS':
        return this.#fill('dict', this.#popToMark());
      case 'MARK':
        this.#marks.push(this.#stack.length);
        return true;
      case 'BINPUT':
        return this.#remember(this.#bytes[this.#take(1)]);
      case 'LONG_BINPUT':
        return this.#remember(this.#view.getUint32(this.#take(4), true));
      case 'MEMOIZE':
        return this.#remember(this.#memo.size);
      case 'BINGET':
        return this.#recall(this.#bytes[this.#take(1)]);
      case 'LONG_BINGET':
        return this.#recall(this.#view.getUint32(this.#take(4), true));
      case 'GLOBAL':
        return this.#name(this.#line(), this.#line());
      case 'STACK_GLOBAL': {
        const [module, name] = this.#popMany(2);
        if (typeof module === 'string' && typeof name === 'string') return this.#name(module, name);
        throw this.#refuse('two names', 'something else');
      }
      case 'BINPERSID': {
        const [id] = this.#popMany(1);
        const found = this.#permitted.persistent(id);
        if (found === undefined) throw this.#refuse('the id of a storage', 'another object');
        return this.#push(found);
      }
      case 'REDUCE':
        return this.#call(...(this.#popMany(2) as [Pickled, Pickled]));
      case 'BUILD':
        return this.#build(...(this.#popMany(2) as [Pickled, Pickled]));
      case 'STOP':
        return false;
      default: {
        const name = refusedOpcodes[code] ?? `0x${code.toString(16)}`;
        throw this.#refuse('the opcodes of a state dict', `opcode ${name}`);
      }
    }
  }

  result(): Pickled {
    const [result] = this.#stack;
    const rest = this.#bytes.length - this.#at;
    if (this.#stack.length === 1 && this.#marks.length === 0 && rest === 0) return result;
    const actual = `${this.#stack.length}, and ${rest} bytes behind`;
    throw this.#refuse('one object and nothing behind it', actual);
  }

  #push(value: Pickled): true {
    this.#stack.push(value);
    return true;
  }

  #popMany(count: number): Pickled[] {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length - count < floor) throw this.#refuse(`${count} operands`, 'fewer');
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): Pickled[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.#refuse('a mark', 'none');
    return this.#stack.splice(mark);
  }

  /** Adds items to the container on top of the stack, which stays there. */
  #fill(kind: 'list' | 'dict', items: readonly Pickled[]): true {
    const [target] = this.#popMany(1);
    if (!isContainer(target, kind) || (kind === 'dict' && items.length % 2 === 1)) {
      throw this.#refuse(`items of a ${kind}`, 'something else');
    }
    for (const item of items) target.items.push(item);
    return this.#push(target);
  }

  #remember(index: number): true {
    const [value] = this.#popMany(1);
    this.#memo.set(index, value);
    return this.#push(value);
  }

  #recall(index: number): true {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#refuse(`memo ${index}`, 'nothing there');
    return this.#push(value);
  }

  #name(module: string, name: string): true {
    const full = `${module}.${name}`;
    if (this.#permitted.isKnown(full)) return this.#push({ kind: 'global', name: full });
    throw this.#refuse('tensors and dicts', full.slice(0, 100));
  }

  #call(callable: Pickled, parameters: Pickled): true {
    const isGlobal = typeof callable === 'object' && callable?.kind === 'global';
    if (!isGlobal || !isContainer(parameters, 'tuple')) {
      throw this.#refuse('a call of a function with a tuple', 'something else');
    }
    const made = this.#permitted.call(callable.name, parameters.items);
    if (made === undefined) throw this.#refuse(`a call of ${callable.name}`, 'other parameters');
    return this.#push(made);
  }

  /** Attributes of a dict (`_metadata`: versions of modules) change no tensor. */
  #build(target: Pickled, state: Pickled): true {
    if (isContainer(target, 'dict') && isContainer(state, 'dict')) return this.#push(target);
    throw this.#refuse('attributes of a dict', 'those of another object');
  }

  #text(length: number): string {
    const start = this.#take(length);
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      return decoder.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw this.#refuse('text in UTF-8', 'other bytes');
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw this.#refuse('a line', 'its end missing');
    const text = this.#text(end - this.#at);
    this.#take(1);
    return text;
  }

  /** Little-endian, two's complement. */
  #long(length: number): number {
    const start = this.#take(length);
    if (length > 8) throw this.#refuse('a number of at most 8 bytes', `one of ${length}`);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = value * 256n + BigInt(this.#bytes[start + i]);
    return Number(BigInt.asIntN(8 * length, value)); // inexact from 2^53 on: no count, so refused
  }

  /** Position of the next `length` bytes. */
  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw this.#refuse(`${length} bytes more`, 'the end');
    this.#at += length;
    return start;
  }

  #refuse(expected: string, actual: string): InputError {
    return refused(this.#where, expected, `${actual} at byte ${this.#start}`);
  }
}

function refused(where: string, expected: string, actual: string | number): InputError {
  return new InputError(where, expected, `${actual}`, convert);
}
