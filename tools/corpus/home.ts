import type { Scenario } from './scenario.ts';
import { colors, days, few, minutes, names, prices, times } from './words.ts';

export const homeScenarios: readonly Scenario[] = [
  {
    topic: 'noisy neighbor',
    service: false,
    slots: { noise: ['music', 'piano', 'television', 'dog', 'party'], time: times, n: few },
    ask: [
      'Your {noise} is very loud. I could not sleep for {n} nights.',
      'I live next door. I have heard your {noise} for {n} nights now.',
      'Can you do something about the {noise}? It has been loud for {n} nights.',
    ],
    answer: [
      'I did not know that. It will be quiet after {time} from now on.',
      'I am sorry. There will be no noise after {time}.',
      'The walls are thin. I will keep it quiet after {time}.',
    ],
    more: [
      ['My children have to get up early.', 'I understand. I have children too.'],
      ['The other neighbors are tired of it too.', 'Nobody has said anything to me.'],
      ['You said the same last week.', 'This time I will really do it.'],
    ],
    end: [
      ['If not, I will call the police.', 'You will not need to do that.'],
      ['Then I hope to sleep well tonight.', 'You will. Good night.'],
    ],
    summary: {
      x: ['cannot sleep because of the {noise} next door', 'complains about the loud {noise}'],
      y: ['promises to be quiet after {time}', 'says that it will be quiet after {time}'],
    },
  },
  {
    topic: 'flat viewing',
    service: true,
    slots: {
      n: few,
      price: ['600', '700', '800', '900'],
      fault: ['dark', 'cold', 'small', 'old'],
      room: ['kitchen', 'bathroom', 'bedroom'],
    },
    ask: [
      'I came to see the flat with {n} rooms. The {room} looks very {fault}.',
      'Is this the flat with {n} rooms? I think the {room} is too {fault}.',
      'So these are the {n} rooms. Why is the {room} so {fault}?',
    ],
    answer: [
      'That is why the rent is only {price} dollars a month.',
      'We will change that next year. The rent is {price} dollars.',
      'You will get used to it, and {price} dollars a month is not much.',
    ],
    more: [
      ['How far is it to the next bus stop?', 'You can walk there in five minutes.'],
      ['Are there children in the house?', 'Yes, there is a family upstairs.'],
      ['When could I move in?', 'The flat is free from next month on.'],
    ],
    end: [
      ['I need a few days to think about it.', 'Call me soon. Other people want it too.'],
      ['I will take it if you paint the {room}.', 'We can do that for you.'],
    ],
    summary: {
      x: ['finds the {room} of the flat too {fault}', 'looks at a flat with {n} rooms'],
      y: ['wants a rent of {price} dollars', 'says that the rent is {price} dollars'],
    },
  },
  {
    topic: 'recipe',
    service: false,
    slots: {
      dish: ['soup', 'cake', 'pie', 'salad', 'stew'],
      food: ['salt', 'sugar', 'butter', 'lemon', 'garlic', 'pepper'],
      n: minutes,
    },
    ask: [
      'I made your {dish}, but it tastes strange. I put a lot of {food} in it.',
      'How do you make the {dish}? Mine with {food} was terrible.',
      'What is wrong with my {dish}? There is {food} in it, as you said.',
    ],
    answer: [
      'Use less {food} and cook it for {n} minutes.',
      'You need only a little {food}. Then wait {n} minutes.',
      'I said a spoon of {food}. And it needs {n} minutes, not more.',
    ],
    more: [
      ['Should I use milk or water?', 'Water is fine, but milk is better.'],
      ['My guests come in an hour.', 'That is enough time to make it again.'],
      ['Your recipe does not say that.', 'It does, at the end of the page.'],
    ],
    end: [
      ['I will try it again tonight.', 'Tell me how the {dish} was.'],
      ['Next time I will buy one at the shop.', 'Then you will never learn it.'],
    ],
    summary: {
      x: ['says that there is too much {food} in the {dish}', 'asks {Y} how to make a {dish}'],
      y: [
        'says to use less {food} and cook it for {n} minutes',
        'tells {X} to cook it for {n} minutes',
      ],
    },
  },
  {
    topic: 'pet',
    service: false,
    slots: {
      pet: ['cat', 'dog', 'bird', 'rabbit'],
      color: ['black', 'white', 'brown', 'gray'],
      name: names,
      place: ['garden', 'park', 'garage', 'street'],
    },
    ask: [
      'Have you seen my {color} {pet}? It has been away since this morning.',
      'I cannot find my {color} {pet}. Did you leave the door open?',
      'My {color} {pet} ran away. Can you help me to look for it?',
    ],
    answer: [
      'I think {name} saw a {pet} in the {place}.',
      'Ask {name}. There was a {color} one in the {place}.',
      'There was a {pet} in the {place}. {name} gave it some food.',
    ],
    more: [
      ['When was that?', 'About an hour ago, I think.'],
      ['You should have called me.', 'I did not know that it was yours.'],
      ['It is afraid of loud noise.', 'Then we should be very quiet.'],
    ],
    end: [
      ['Let us go to the {place} at once.', 'I will come with you.'],
      ['I will call {name} now.', 'I hope you find your {pet} soon.'],
    ],
    summary: {
      x: ['is looking for a {color} {pet}', 'cannot find the {color} {pet}'],
      y: ['says that {name} saw it in the {place}', 'thinks that it is in the {place}'],
    },
  },
  {
    topic: 'delivery',
    service: true,
    slots: {
      thing: ['table', 'lamp', 'sofa', 'chair', 'clock'],
      color: colors,
      wrong: colors,
      day: days,
    },
    ask: [
      'I ordered a {color} {thing}, but you sent me a {wrong} one.',
      'My {color} {thing} came today, and it is {wrong}!',
      'You brought me a {wrong} {thing}. I wanted a {color} one.',
    ],
    answer: [
      'That was our mistake. We will bring the right one on {day}.',
      'I am sorry. You will have the {color} one on {day}.',
      'We will change it. Are you at home on {day}?',
    ],
    more: [
      ['Do I have to pay for it again?', 'No, of course you do not.'],
      ['What should I do with this one?', 'Leave it in front of the door.'],
      ['I waited a month for it.', 'I know, and we are sorry about it.'],
    ],
    end: [
      ['Please come in the morning.', 'Our driver will call you first.'],
      ['If it is wrong again, I want my money back.', 'It will be right this time.'],
    ],
    summary: {
      x: [
        'wants a {color} {thing} but has a {wrong} one',
        'complains that the {thing} is {wrong} and not {color}',
      ],
      y: ['will bring the right one on {day}', 'promises a {color} one on {day}'],
    },
  },
  {
    topic: 'birthday party',
    service: false,
    slots: {
      name: names,
      day: days,
      gift: ['book', 'watch', 'camera', 'guitar', 'bicycle'],
      price: prices,
    },
    ask: [
      'The birthday party of {name} is on {day}. What should we buy?',
      '{name} has a birthday on {day}. Do you have an idea for a gift?',
      'Are you coming to the party of {name} on {day}? We need a gift.',
    ],
    answer: [
      'A {gift} would be nice. I saw one for {price} dollars.',
      'I would buy a {gift}. It costs {price} dollars.',
      'What about a {gift}? We can get one for {price} dollars.',
    ],
    more: [
      ['Last year you forgot the gift.', 'That will not happen again.'],
      ['Who else will be there?', 'The whole family, I think.'],
      ['Can you bake the cake too?', 'Yes, I will make one with apples.'],
    ],
    end: [
      ['Then buy it, and I will pay half.', 'Good. I will get it tomorrow.'],
      ['I hope that {name} will like it.', 'I am sure about that.'],
    ],
    summary: {
      x: [
        'needs a gift for the birthday of {name} on {day}',
        'talks about the party of {name} on {day}',
      ],
      y: ['suggests a {gift} for {price} dollars', 'wants to buy a {gift}'],
    },
  },
];
