import type { Scenario } from './scenario.ts';
import { cities, days, few, minutes, names, prices, times } from './words.ts';

export const workScenarios: readonly Scenario[] = [
  {
    topic: 'broken laptop',
    service: true,
    slots: {
      part: ['screen', 'keyboard', 'camera', 'battery'],
      n: few,
      price: prices,
      drink: ['coffee', 'tea', 'water', 'milk'],
    },
    ask: [
      'The {part} of my laptop is broken. There was {drink} on it.',
      'My laptop does not work. I think {drink} got into the {part}.',
      'Can you repair this laptop? The {part} got wet with {drink}.',
    ],
    answer: [
      'It takes {n} days and costs {price} dollars.',
      'A new {part} is {price} dollars. I need {n} days for it.',
      'I can do it in {n} days for {price} dollars.',
    ],
    more: [
      ['Are all my files lost?', 'No, your files are fine.'],
      ['I bought it here only last month.', 'We do not pay for {drink} in a laptop.'],
      ['Can you give me another one until then?', 'Yes, we have an old one for you.'],
    ],
    end: [
      ['Please repair it as fast as you can.', 'I will call you when it is ready.'],
      ['For that money I can buy a new one.', 'That is up to you.'],
    ],
    summary: {
      x: ['has a laptop with a broken {part}', 'asks {Y} to repair the {part} of a laptop'],
      y: ['can repair it in {n} days for {price} dollars', 'says that it takes {n} days'],
    },
  },
  {
    topic: 'job interview',
    service: true,
    slots: {
      job: ['driver', 'cook', 'teacher', 'nurse', 'waiter'],
      n: few,
      day: days,
      city: cities,
    },
    ask: [
      'I am here for the job as {a job}. I did it for {n} years in {city}.',
      'I would like to work here as {a job}. I have {n} years of experience.',
      'You are looking for {a job}, and I have done that for {n} years.',
    ],
    answer: [
      'That sounds good. Could you start on {day}?',
      'We need someone from {day} on. Is that possible?',
      'Very well. The work begins on {day}.',
    ],
    more: [
      ['How many hours a week is it?', 'It is forty hours, with free weekends.'],
      ['Is the pay good?', 'It is better than in most places.'],
      ['I waited a long time for this interview.', 'We had many people here today.'],
    ],
    end: [
      ['I can start on {day}.', 'Then I will see you on {day}.'],
      ['I need to talk to my family first.', 'Please call me tomorrow.'],
    ],
    summary: {
      x: ['wants to work as {a job}', 'has {n} years of experience as {a job}'],
      y: ['asks {X} to start on {day}', 'needs someone from {day} on'],
    },
  },
  {
    topic: 'exam',
    service: false,
    slots: {
      subject: ['math', 'history', 'English', 'music', 'physics'],
      day: days,
      name: names,
      n: few,
    },
    ask: [
      'The {subject} exam is on {day}, and I do not understand a word.',
      'I will never pass the {subject} exam on {day}.',
      'Did you learn for the {subject} exam on {day}? It is so hard.',
    ],
    answer: [
      'You should learn with {name}. It takes {n} hours.',
      '{name} can help you. We learned for {n} hours yesterday.',
      'Ask {name} for the notes. Then you need only {n} hours.',
    ],
    more: [
      ['Did you pass the last one?', 'Yes, but it was not easy.'],
      ['The teacher talks too fast.', 'Then you should ask questions in class.'],
      ['Why did you not help me before?', 'You never asked me for help.'],
    ],
    end: [
      ['Good, I will call {name} tonight.', 'You will pass, I am sure.'],
      ['I would like to learn with you.', 'I have no time before {day}.'],
    ],
    summary: {
      x: [
        'is afraid of the {subject} exam on {day}',
        'thinks that the {subject} exam on {day} is too hard',
      ],
      y: ['tells {X} to learn with {name}', 'says that {name} can help'],
    },
  },
  {
    topic: 'football match',
    service: false,
    slots: { city: cities, score: few, day: days, name: names },
    ask: [
      'We lost the match against {city} because of {name}.',
      'Did you see the match against {city}? {name} played so badly.',
      'How could we lose against {city}? {name} did nothing at all.',
    ],
    answer: [
      'They got {score} goals. We have to train more on {day}.',
      'They were better. Let us train on {day} and forget the {score} goals.',
      'It was not only {name}. We all have to train on {day}.',
    ],
    more: [
      ['The other team was not even good.', 'They ran much more than we did.'],
      ['We need a new coach.', 'The coach cannot play for us.'],
      ['I was very tired at the end.', 'You should sleep more before a match.'],
    ],
    end: [
      ['All right, I will be there.', 'Good. Next time we will win.'],
      ['I do not want to play with {name} again.', 'We need every player in the team.'],
    ],
    summary: {
      x: [
        'thinks that the team lost against {city} because of {name}',
        'says that {name} played badly against {city}',
      ],
      y: ['wants to train on {day}', 'tells {X} to train more on {day}'],
    },
  },
  {
    topic: 'late report',
    service: false,
    slots: { paper: ['report', 'letter', 'plan', 'list'], time: times, name: names, day: days },
    ask: [
      'Where is the {paper}? {name} has been waiting for it since {day}.',
      'You wanted to finish the {paper} on {day}. {name} needs it now.',
      'I still do not have your {paper}, and {name} asks me every hour.',
    ],
    answer: [
      'I had a lot to do. You will have it at {time}.',
      'It is nearly ready. I can send it at {time}.',
      'My computer was broken. I will finish it by {time}.',
    ],
    more: [
      ['That is what you said last time.', 'This time it is really true.'],
      ['Should someone help you with it?', 'No, I would like to do it alone.'],
      ['Does it have all the numbers?', 'Yes, I looked at them two times.'],
    ],
    end: [
      ['Then I will tell {name} to wait.', 'Thank you, that is a great help.'],
      ['At {time}, and not a minute later.', 'You will have it on your desk.'],
    ],
    summary: {
      x: [
        'asks {Y} for the {paper} that {name} needs',
        'says that {name} is waiting for the {paper}',
      ],
      y: ['will send it at {time}', 'promises to finish it by {time}'],
    },
  },
  {
    topic: 'office move',
    service: false,
    slots: { name: names, floor: ['first', 'second', 'third'], day: days, n: minutes },
    ask: [
      'We move to the {floor} floor on {day}. Can you help {name} with the boxes?',
      'On {day} our office moves to the {floor} floor. Please help {name}.',
      'Your desk goes to the {floor} floor on {day}, next to {name}.',
    ],
    answer: [
      'I do not like it there. It takes {n} minutes to get a coffee.',
      'Must I? The way to the kitchen is {n} minutes from there.',
      'I would rather stay here. Up there the next kitchen is {n} minutes away.',
    ],
    more: [
      ['The rooms there are larger.', 'But they have no windows.'],
      ['It is only for a year.', 'A year is a very long time.'],
      ['The boss wants it so.', 'The boss should have asked us first.'],
    ],
    end: [
      ['Please pack your things before {day}.', 'All right, I will do it tomorrow.'],
      ['We can put a coffee machine there.', 'Then I will come with you.'],
    ],
    summary: {
      x: [
        'says that the office moves to the {floor} floor on {day}',
        'tells {Y} about the move to the {floor} floor on {day}',
      ],
      y: [
        'does not like the long way to the kitchen',
        'does not want to sit {n} minutes from the kitchen',
      ],
    },
  },
  {
    topic: 'borrowed money',
    service: false,
    slots: { price: prices, day: days, name: names, thing: ['shoes', 'coat', 'ticket', 'phone'] },
    ask: [
      'You still have {price} dollars of mine. When do I get them back?',
      'I gave you {price} dollars for the {thing}. I need the money now.',
      'Do you remember the {price} dollars for your {thing}? {name} told me to ask you.',
    ],
    answer: [
      'I get my pay on {day}. You will have it then.',
      'I do not have it now, but I will pay you on {day}.',
      'Can you wait until {day}? {name} owes me some money too.',
    ],
    more: [
      ['I have waited for two months.', 'I know, and I am sorry about it.'],
      ['I have to pay my rent.', 'Maybe I can give you a part of it now.'],
      ['Why do you always forget it?', 'I have too many things to think about.'],
    ],
    end: [
      ['On {day}, but not later.', 'You have my word.'],
      ['I will never give you money again.', 'You will get it back, I promise.'],
    ],
    summary: {
      x: ['wants {price} dollars back from {Y}', 'asks {Y} to give back {price} dollars'],
      y: ['promises to pay on {day}', 'will pay on {day}'],
    },
  },
];
