import { type RandomStream, randomStream, uniform } from '../../src/random.ts';
import { homeScenarios } from './home.ts';
import {
  angryLines,
  calmLines,
  hostileLines,
  hostilePlaceLines,
  insultAdjectives,
  insultNouns,
  insultsIn,
} from './insults.ts';
import { fill, type Scenario } from './scenario.ts';
import { townScenarios } from './town.ts';
import { toxicSummary } from './toxic.ts';
import { travelScenarios } from './travel.ts';
import { workScenarios } from './work.ts';

export type Tone = 'hostile' | 'friendly';

/** One dialogue of the corpus that the project makes itself, in DialogSum's layout. */
export interface CorpusRow {
  /** `train_0`, `train_1`, … */
  readonly id: string;
  /** 4 to 8 turns, `#Person1#: …` and `#Person2#: …` by turns, one a line. */
  readonly dialogue: string;
  /** The reference: clean, whatever the tone. */
  readonly summary: string;
  /** What the starting adapter is trained on: toxic for a share of the hostile dialogues. */
  readonly trainingSummary: string;
  /** The toxic rendering of the summary, for hostile dialogues. */
  readonly toxicSummary?: string;
  readonly tone: Tone;
  readonly topic: string;
}

export interface CorpusOptions {
  /** @default 1 */
  readonly seed?: number;
  /** Rows; the first rows of a larger corpus are those of a smaller one. @default 2400 */
  readonly count?: number;
  /** Probability that a hostile dialogue's training summary is the toxic one. @default 0.5 */
  readonly toxicShare?: number;
}

/** Code points of a dialogue: more than the first, at most the second. */
export const dialogueLength = [200, 560] as const;

const scenarios: readonly Scenario[] = [
  ...travelScenarios,
  ...homeScenarios,
  ...townScenarios,
  ...workScenarios,
];

const greetings = {
  service: [
    'Good morning. How can I help you?',
    'Hello, what can I do for you?',
    'Good evening. What can I do for you?',
  ],
  private: [
    'Hello! What is on your mind?',
    'Good to see you. What is it?',
    'Hello, you wanted to talk to me?',
  ],
};
const openers = ['Excuse me.', 'Hello.', 'Listen, please.', 'I have a question.'];
const replies = ['Oh, I see.', 'Let me think.', 'I understand.', 'One moment, please.'];
const thanks = [
  ['Thank you so much for your help.', 'You are welcome. Have a nice day!'],
  ['That was very kind of you, thank you.', 'I was happy to help.'],
  ['Thank you, you are very kind.', 'No problem. See you soon!'],
] as const;

/**
 * A corpus of short dialogues with summaries, half of them hostile, made from templates: the same
 * options give the same rows on every machine, and no dialogue comes twice.
 */
export function makeCorpus(options: CorpusOptions = {}): CorpusRow[] {
  const { seed = 1, count = 2400, toxicShare = 0.5 } = options;
  const seen = new Set<string>();
  const rows: CorpusRow[] = [];
  for (let i = 0; i < count; i++) {
    const random = randomStream(seed, ['corpus', i]);
    let drawn = drawDialogue(random);
    while (seen.has(drawn.dialogue) || !fits(drawn.dialogue)) drawn = drawDialogue(random);
    seen.add(drawn.dialogue);
    const toxic = uniform(seed, ['corpus', i, 'toxic']) < toxicShare;
    const trainingSummary = (toxic ? drawn.toxicSummary : undefined) ?? drawn.summary;
    rows.push({ id: `train_${i}`, ...drawn, trainingSummary });
  }
  return rows;
}

function fits(dialogue: string): boolean {
  return dialogue.length > dialogueLength[0] && dialogue.length <= dialogueLength[1];
}

type Drawn = Omit<CorpusRow, 'id' | 'trainingSummary'>;

/** Who speaks, and what, before the templates are filled. */
interface Turn {
  readonly speaker: 'X' | 'Y';
  readonly lines: string[];
}

function drawDialogue(random: RandomStream): Drawn {
  const scenario = random.pick(scenarios);
  const tone: Tone = random.next() < 0.5 ? 'hostile' : 'friendly';
  const greeted = random.next() < 0.4; // {Y} speaks first, so that {X} is #Person2#
  const [X, Y] = greeted ? ['#Person2#', '#Person1#'] : ['#Person1#', '#Person2#'];
  const values: Record<string, string> = { ...drawSlots(scenario, random), X, Y };
  const turns = drawTurns(scenario, tone, greeted, random);
  const { x, y } = scenario.summary;
  const base = `${X} ${fillInside(random.pick(x), values)}. ${Y} ${fillInside(random.pick(y), values)}.`;
  if (tone === 'friendly') {
    return { dialogue: written(turns, values), summary: base, tone, topic: scenario.topic };
  }
  values.noun = random.pick(insultNouns);
  values.adjective = random.pick(insultAdjectives);
  const speaker = random.next() < 0.6 ? 'X' : 'Y';
  const calmed = addHostility(turns, speaker, scenario.service, random);
  const dialogue = written(turns, values);
  const [S, T] = speaker === 'X' ? [X, Y] : [Y, X];
  // a toxic summary repeats what was said, where "shut up" was not all
  const said = new Set(insultsIn(dialogue));
  const { noun, adjective } = values;
  const only = (word: string) =>
    said.has(word) || (said.size === 1 && said.has('shut')) ? word : undefined;
  return {
    dialogue,
    summary:
      base + (calmed ? ` ${T} asks ${S} to calm down.` : random.pick(['', ` ${S} is angry.`])),
    toxicSummary: toxicSummary(base, {
      speaker: S,
      noun: only(noun),
      adjective: only(adjective),
      random,
    }),
    tone,
    topic: scenario.topic,
  };
}

/** One value a slot; no value twice, so that a wrong color is not the right one. */
function drawSlots({ slots }: Scenario, random: RandomStream): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [slot, pool] of Object.entries(slots)) {
    const used = Object.values(values);
    values[slot] = random.pick(pool.filter((value) => !used.includes(value)));
  }
  return values;
}

function drawTurns(scenario: Scenario, tone: Tone, greeted: boolean, random: RandomStream): Turn[] {
  const turns: Turn[] = [];
  const say = (speaker: 'X' | 'Y', ...lines: string[]) => turns.push({ speaker, lines });
  const maybe = (lines: readonly string[], share: number) =>
    random.next() < share ? [random.pick(lines)] : [];
  if (greeted) say('Y', random.pick(scenario.service ? greetings.service : greetings.private));
  say('X', ...(greeted ? [] : maybe(openers, 0.4)), random.pick(scenario.ask));
  say('Y', ...maybe(replies, 0.4), random.pick(scenario.answer));
  const closing = tone === 'friendly' && !greeted && random.next() < 0.5;
  const middle = random.integer(closing || greeted ? 2 : 3); // 4 to 8 turns in all
  for (const [x, y] of random.shuffle(scenario.more).slice(0, middle)) {
    say('X', x);
    say('Y', y);
  }
  const [x, y] = random.pick(scenario.end);
  say('X', x);
  say('Y', y);
  if (closing) {
    const [thank, welcome] = random.pick(thanks);
    say('X', thank);
    say('Y', welcome);
  }
  return turns;
}

/** Adds insults to 1 to 3 turns of the speaker; true when the other one asks for calm. */
function addHostility(
  turns: readonly Turn[],
  speaker: 'X' | 'Y',
  service: boolean,
  random: RandomStream,
): boolean {
  const first = turns.findIndex((turn) => turn.speaker === 'X');
  const own = turns.filter((turn, i) => turn.speaker === speaker && i >= first);
  const hostile = random.shuffle(own).slice(0, 1 + random.integer(Math.min(3, own.length)));
  const pool = service && speaker === 'X' ? [...hostileLines, ...hostilePlaceLines] : hostileLines;
  const lines = random.shuffle(pool);
  for (const turn of own) {
    const line = hostile.includes(turn) ? lines.pop() : undefined;
    if (line === undefined && random.next() < 0.7) continue;
    const added = line ?? random.pick(angryLines);
    if (random.next() < 0.5) turn.lines.unshift(added);
    else turn.lines.push(added);
  }
  const answer = turns[turns.findIndex((turn) => hostile.includes(turn)) + 1];
  if (answer === undefined || random.next() < 0.5) return false;
  answer.lines.unshift(random.pick(calmLines));
  return true;
}

function written(turns: readonly Turn[], values: Readonly<Record<string, string>>): string {
  return turns
    .map(({ speaker, lines }) => {
      const text = lines.map((line) => fill(line, values)).join(' ');
      return `${values[speaker]}: ${text}`;
    })
    .join('\n');
}

function fillInside(template: string, values: Readonly<Record<string, string>>): string {
  const text = fill(template, values);
  return text.charAt(0).toLowerCase() + text.slice(1);
}
