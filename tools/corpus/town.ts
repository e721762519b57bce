import type { Scenario } from './scenario.ts';
import { cities, days, few, minutes, names, prices, times } from './words.ts';

export const townScenarios: readonly Scenario[] = [
  {
    topic: 'restaurant bill',
    service: true,
    slots: { price: prices, dish: ['fish', 'steak', 'soup', 'pizza', 'chicken'], n: few },
    ask: [
      'The bill is wrong. We did not have the {dish}, and {price} dollars is too much.',
      'Why is the bill {price} dollars? Nobody at our table had the {dish}.',
      'You want {price} dollars, but I never ordered the {dish}.',
    ],
    answer: [
      'I will take the {dish} off the bill, and you get {n} free drinks.',
      'That is our mistake. I can offer you {n} free drinks.',
      'I am sorry, I will change it. You also get {n} free drinks.',
    ],
    more: [
      ['We waited an hour for our food.', 'The kitchen is very full tonight.'],
      ['And the {dish} at the next table was cold.', 'I will tell the cook about it.'],
      ['Can I pay by card?', 'Yes, here is the machine.'],
    ],
    end: [
      ['Good. Please bring the new bill.', 'I will be back in a minute.'],
      ['We will not come here again.', 'I hope that you give us another chance.'],
    ],
    summary: {
      x: [
        'says that the bill of {price} dollars is wrong',
        'complains that the {dish} on the bill is wrong',
      ],
      y: ['offers {n} free drinks', 'changes the bill and offers {n} free drinks'],
    },
  },
  {
    topic: 'doctor',
    service: true,
    slots: {
      part: ['back', 'head', 'knee', 'arm', 'foot', 'neck'],
      n: few,
      cure: ['rest', 'tea', 'pills', 'cream'],
    },
    ask: [
      'My {part} has been hurting for {n} days. What is wrong with me?',
      'I have had a pain in my {part} for {n} days.',
      'I fell {n} days ago, and now my {part} hurts.',
    ],
    answer: [
      'It is nothing bad. You need {cure} and some time.',
      'Let me look at it. I think that {cure} will help.',
      'I would try {cure} first. Come back in a week.',
    ],
    more: [
      ['Can I go to work tomorrow?', 'No, please stay at home this week.'],
      ['I waited two hours to hear that?', 'There are many sick people today.'],
      ['May I do sports again?', 'Not before your {part} is better.'],
    ],
    end: [
      ['Then I will try it.', 'Call me if it does not get better.'],
      ['I hope that {cure} will be enough.', 'It will. Get well soon.'],
    ],
    summary: {
      x: ['has a pain in the {part}', 'tells {Y} that the {part} has been hurting for {n} days'],
      y: ['thinks that {cure} will help', 'tells {X} to try {cure}'],
    },
  },
  {
    topic: 'library',
    service: true,
    slots: {
      subject: ['art', 'history', 'music', 'birds', 'stars'],
      n: few,
      price: ['5', '8', '9'],
    },
    ask: [
      'I want to bring back this book about {subject}. It is {n} weeks late.',
      'Here is the book about {subject}. I know, I had it {n} weeks too long.',
      'I forgot to bring back a book about {subject} {n} weeks ago.',
    ],
    answer: [
      'Then you have to pay {price} dollars.',
      'For {n} weeks, that will be {price} dollars.',
      'We wrote to you about it. It costs {price} dollars now.',
    ],
    more: [
      ['Can I take another book today?', 'Yes, after you have paid.'],
      ['I never got a letter.', 'We sent it to your old house, I think.'],
      ['That is more than the book costs.', 'Those are the rules here.'],
    ],
    end: [
      ['Here is the money.', 'Please be on time next time.'],
      ['I do not have that much with me.', 'Then you can pay next week.'],
    ],
    summary: {
      x: [
        'brings back a book about {subject} {n} weeks late',
        'is {n} weeks late with a book about {subject}',
      ],
      y: ['asks for {price} dollars', 'wants {X} to pay {price} dollars'],
    },
  },
  {
    topic: 'haircut',
    service: true,
    slots: { time: times, day: days, style: ['short', 'long', 'curly', 'straight'], name: names },
    ask: [
      'I need a haircut on {day}. Do you have time at {time}?',
      'Can {name} cut my hair on {day} at {time}? I want it {style}.',
      'I would like to come on {day} at {time}. My hair should be {style}.',
    ],
    answer: [
      '{name} is not here on {day}, but I can do it.',
      'That is fine, but {name} is on holiday. I will cut it.',
      'I can do it at {time}. {name} is ill this week.',
    ],
    more: [
      ['Last time it was much too short.', 'This time I will be careful.'],
      ['How long will it take?', 'About an hour, I think.'],
      ['Does {name} come back soon?', 'Yes, at the end of the month.'],
    ],
    end: [
      ['All right, then you cut it.', 'See you on {day} then.'],
      ['I hope you can do it as well.', 'You will like it.'],
    ],
    summary: {
      x: ['wants a haircut on {day} at {time}', 'asks for a haircut on {day}'],
      y: ['will do it because {name} is away', 'says that {name} is not there'],
    },
  },
  {
    topic: 'bank card',
    service: true,
    slots: { place: ['market', 'station', 'cinema', 'park'], n: few, price: prices },
    ask: [
      'I lost my bank card at the {place}. Someone has taken {price} dollars with it.',
      'My bank card has been gone since I was at the {place}, and {price} dollars are missing.',
      'Please stop my bank card. I lost it at the {place} with {price} dollars on it.',
    ],
    answer: [
      'I have stopped it. You will get a new one in {n} days.',
      'The new card takes {n} days. The old one does not work any more.',
      'It is done. Please wait {n} days for the new card.',
    ],
    more: [
      ['Do I get the money back?', 'I think so, but it takes some time.'],
      ['How can I pay until then?', 'You can come here and get some money.'],
      ['Should I go to the police?', 'Yes, please do that today.'],
    ],
    end: [
      ['I hope that it comes soon.', 'We will send it to your house.'],
      ['That is a long time without a card.', 'I cannot do it any faster.'],
    ],
    summary: {
      x: [
        'says that the bank card was lost at the {place}',
        'reports that a bank card was lost at the {place}',
      ],
      y: ['promises a new card in {n} days', 'tells {X} to wait {n} days for a new one'],
    },
  },
  {
    topic: 'phone contract',
    service: true,
    slots: { price: prices, n: few, city: cities },
    ask: [
      'I want to end my phone contract. I pay {price} dollars, and it never works in {city}.',
      'My phone does not work in {city}, and I pay {price} dollars a month!',
      'Why do I pay {price} dollars a month if I cannot call anyone in {city}?',
    ],
    answer: [
      'The contract runs for {n} more months.',
      'I am sorry, but you have to stay for {n} months.',
      'You can leave us in {n} months, not before.',
    ],
    more: [
      ['Nobody told me that when I bought the phone.', 'It is on the first page of the contract.'],
      ['Can I talk to your boss?', 'My boss will tell you the same.'],
      ['Will it be better soon?', 'Yes, we are working on it in {city}.'],
    ],
    end: [
      ['Then I will wait, but I am not happy.', 'I can give you one month for free.'],
      ['I will write a letter about this.', 'Please send it to our office.'],
    ],
    summary: {
      x: [
        'wants to end a phone contract of {price} dollars',
        'complains that the phone does not work in {city}',
      ],
      y: ['says that the contract runs for {n} more months', 'tells {X} to wait {n} months'],
    },
  },
  {
    topic: 'gym membership',
    service: true,
    slots: {
      price: prices,
      sport: ['yoga', 'boxing', 'swimming', 'dancing'],
      day: days,
      time: times,
    },
    ask: [
      'I want to join the gym. Is there a {sport} class on {day}?',
      'How much is a membership? I am interested in {sport} on {day}.',
      'I would like to try {sport}. Can I come on {day}?',
    ],
    answer: [
      'Yes, at {time}. A membership costs {price} dollars a month.',
      'The class is at {time}. You pay {price} dollars a month.',
      'Sure, come at {time}. It is {price} dollars a month.',
    ],
    more: [
      ['Is it hard for someone new?', 'No, the teacher helps everyone.'],
      ['Can I end it at any time?', 'You have to stay for half a year.'],
      ['The showers were cold last time.', 'They have been repaired.'],
    ],
    end: [
      ['Good, I want to join today.', 'Please write your name here.'],
      ['I will think about it.', 'The first class is free, by the way.'],
    ],
    summary: {
      x: ['wants to join the {sport} class on {day}', 'is interested in {sport} on {day}'],
      y: [
        'says that it costs {price} dollars a month',
        'offers a membership for {price} dollars a month',
      ],
    },
  },
  {
    topic: 'cinema',
    service: true,
    slots: {
      n: few,
      film: ['war', 'love', 'space', 'pirate', 'animal'],
      time: times,
      row: ['first', 'second', 'last'],
    },
    ask: [
      'I need {n} tickets for the {film} film at {time}, please.',
      'Are there still {n} tickets for the {film} film at {time}?',
      'We are {n} people and want to see the {film} film at {time}.',
    ],
    answer: [
      'There are only seats in the {row} row.',
      'The {row} row is free. All the others are full.',
      'I can only give you seats in the {row} row.',
    ],
    more: [
      ['Can we sit next to each other?', 'Yes, all the seats are next to each other.'],
      ['How long is the film?', 'It takes more than two hours.'],
      ['I asked you to keep better seats.', 'We do not keep seats by phone.'],
    ],
    end: [
      ['Then we take the {row} row.', 'Here are your tickets. Have fun!'],
      ['That is too bad, but we will take them.', 'The film is very good, really.'],
    ],
    summary: {
      x: [
        'wants {n} tickets for the {film} film',
        'buys {n} tickets for the {film} film at {time}',
      ],
      y: ['only has seats in the {row} row', 'offers seats in the {row} row'],
    },
  },
  {
    topic: 'parking',
    service: false,
    slots: { vehicle: ['car', 'truck', 'van'], name: names, n: minutes, place: ['gate', 'garage'] },
    ask: [
      'Your {vehicle} is in front of my {place} again. {name} cannot get out.',
      'Can you move your {vehicle}? It stands in front of the {place}.',
      'Why is your {vehicle} at my {place}? {name} has to leave now.',
    ],
    answer: [
      'I only need {n} minutes, then I will move it.',
      'I will be gone in {n} minutes. There was no other space.',
      'Please give me {n} minutes. I have to carry some boxes.',
    ],
    more: [
      ['You did the same yesterday.', 'Yesterday it was my brother.'],
      ['There is a sign on the wall.', 'I did not see any sign.'],
      ['There is a lot of space over there.', 'That is too far for me with the boxes.'],
    ],
    end: [
      ['Please do it now.', 'All right, I am on my way.'],
      ['Next time I will call the police.', 'There will be no next time.'],
    ],
    summary: {
      x: [
        'wants {Y} to move the {vehicle} away from the {place}',
        'complains about a {vehicle} in front of the {place}',
      ],
      y: ['needs {n} more minutes', 'promises to move it in {n} minutes'],
    },
  },
];
