import type { Scenario } from './scenario.ts';
import { cities, colors, days, few, minutes, names, prices, times } from './words.ts';

export const travelScenarios: readonly Scenario[] = [
  {
    topic: 'late train',
    service: true,
    slots: { city: cities, n: minutes, other: ['bus', 'taxi', 'tram', 'fast train'] },
    ask: [
      'The train to {city} is {n} minutes late again. What can I do now?',
      'Why is my train to {city} {n} minutes late? I have to be at work soon.',
      'I need to get to {city}, but the train is {n} minutes late today.',
    ],
    answer: [
      'There is snow on the line. You could take the {other} instead.',
      'I am sorry about that. The {other} goes to {city} too.',
      'It will take some time. I would take the {other}.',
    ],
    more: [
      ['Is the {other} much more expensive?', 'No, your ticket is good for the {other} too.'],
      ['And where can I find the {other}?', 'It leaves in front of the station, next to the bank.'],
      ['Why did nobody tell us about the snow?', 'We heard about it only a few minutes ago.'],
    ],
    end: [
      ['Then I will take the {other}. I cannot wait any longer.', 'Good. It leaves very soon.'],
      ['Well, it seems I have no choice.', 'The {other} is not so bad. Have a good trip.'],
    ],
    summary: {
      x: [
        'complains that the train to {city} is {n} minutes late',
        'is waiting for a train to {city} that is {n} minutes late',
      ],
      y: ['suggests the {other}', 'tells {X} to take the {other}'],
    },
  },
  {
    topic: 'hotel booking',
    service: true,
    slots: { n: few, room: ['single', 'double', 'quiet', 'large'], price: prices, day: days },
    ask: [
      'I would like to book a {room} room for {n} nights, please.',
      'Do you have a {room} room for {n} nights? We arrive on {day}.',
      'I need a {room} room from {day} on, for {n} nights.',
    ],
    answer: [
      'Yes, a {room} room is {price} dollars a night.',
      'We have one left. It costs {price} dollars a night.',
      'Let me see. I can give you one for {price} dollars a night.',
    ],
    more: [
      ['Is breakfast part of the price?', 'Yes, you get breakfast until ten.'],
      ['Does the room have a view of the sea?', 'No, but you can see the garden from the window.'],
      ['Can we bring our dog?', 'Small dogs are welcome here.'],
    ],
    end: [
      ['All right, I will take the room.', 'Thank you. Please write your name here.'],
      ['That is a lot of money, but I need a bed.', 'I will book the room for you then.'],
    ],
    summary: {
      x: ['books a {room} room for {n} nights', 'wants a {room} room for {n} nights'],
      y: ['offers one for {price} dollars a night', 'asks for {price} dollars a night'],
    },
  },
  {
    topic: 'lost luggage',
    service: true,
    slots: { color: colors, city: cities, bag: ['bag', 'suitcase', 'backpack'], day: days },
    ask: [
      'My {color} {bag} was not on the plane from {city}. Can you find it?',
      'I came from {city} today, and my {color} {bag} is not here.',
      'Where is my luggage? I cannot find my {color} {bag} after the flight from {city}.',
    ],
    answer: [
      'Your {bag} is still in {city}. It will be here on {day}.',
      'I see it in the computer. We can bring it to you on {day}.',
      'It went to the wrong city. You will get the {bag} back on {day}.',
    ],
    more: [
      [
        'What about my clothes? I have nothing to wear.',
        'You may buy some, and we will pay for them.',
      ],
      ['Do I have to come back to the airport?', 'No, we bring it to your hotel.'],
      ['Has this happened before?', 'Sometimes, when there are too many people on a flight.'],
    ],
    end: [
      ['Then here is the number of my hotel.', 'We will call you when the {bag} is here.'],
      ['I hope to see it on {day} then.', 'You will, and I am sorry for the trouble.'],
    ],
    summary: {
      x: [
        'cannot find a {color} {bag} after the flight from {city}',
        'reports that a {color} {bag} from {city} is lost',
      ],
      y: ['promises to bring it on {day}', 'says that it will come on {day}'],
    },
  },
  {
    topic: 'car repair',
    service: true,
    slots: { part: ['brake', 'engine', 'battery', 'door', 'light'], price: prices, day: days },
    ask: [
      'There is a problem with the {part} of my car. Can you repair it?',
      'My car is broken again. I think it is the {part}.',
      'The {part} of my car makes a strange noise. Could you look at it?',
    ],
    answer: [
      'A new {part} will cost {price} dollars. It takes until {day}.',
      'I can repair it by {day} for {price} dollars.',
      'The {part} is very old. I can put in a new one for {price} dollars by {day}.',
    ],
    more: [
      ['Can I drive the car until then?', 'No, that is too dangerous with this {part}.'],
      ['I was here only a month ago. What did you do then?', 'We only changed the oil that day.'],
      ['Can I get another car for that time?', 'Yes, we can give you a small one.'],
    ],
    end: [
      ['Then please begin today. I need the car for work.', 'We will. Please leave the key here.'],
      ['So I will come back on {day}.', 'The car will be ready in the morning.'],
    ],
    summary: {
      x: ['asks {Y} to repair the {part} of the car', 'has a problem with the {part} of the car'],
      y: ['will repair it by {day} for {price} dollars', 'wants {price} dollars for it'],
    },
  },
  {
    topic: 'hiking and weather',
    service: false,
    slots: {
      weather: ['rain', 'snow', 'wind', 'fog'],
      day: days,
      place: ['hill', 'lake', 'forest', 'mountain'],
      plan: ['museum', 'cinema', 'market', 'theater'],
    },
    ask: [
      'Let us hike to the {place} on {day}. We have not been there for years.',
      'Do you want to come to the {place} on {day}? I will bring food.',
      'I would like to walk to the {place} with you on {day}.',
    ],
    answer: [
      'They say there will be {weather}. I would like to go to the {plan} instead.',
      'With all that {weather}? Let us go to the {plan}.',
      'The {weather} will be bad that day. What about the {plan}?',
    ],
    more: [
      ['A little {weather} never hurt anyone.', 'Last time I was in bed for a week after it.'],
      ['Is it open on {day}?', 'The {plan} is open all day.'],
      ['Who told you about the weather?', 'I read it in the paper this morning.'],
    ],
    end: [
      ['All right, we can hike some other day.', 'Good. I will buy the tickets for the {plan}.'],
      ['Well, then I will go to the {place} alone.', 'Take a warm coat with you.'],
    ],
    summary: {
      x: ['wants to hike to the {place} on {day}', 'invites {Y} to walk to the {place} on {day}'],
      y: [
        'is afraid of the {weather} and suggests the {plan}',
        'prefers the {plan} because of the {weather}',
      ],
    },
  },
  {
    topic: 'taxi ride',
    service: true,
    slots: { goal: ['airport', 'station', 'hospital', 'harbor'], time: times, n: minutes },
    ask: [
      'To the {goal}, please. I have to be there at {time}.',
      'Can you take me to the {goal}? I must be there at {time}.',
      'I need to be at the {goal} at {time}. Please drive fast.',
    ],
    answer: [
      'There are many cars on the road. It takes {n} minutes today.',
      'One road is closed, so we need {n} minutes.',
      'I can be at the {goal} in {n} minutes, if we are lucky.',
    ],
    more: [
      ['Is there no other way?', 'We could go along the river, but that is longer.'],
      ['Can I pay by card?', 'Yes, you can pay by card.'],
      ['Why do you drive so slowly?', 'There are children on this street.'],
    ],
    end: [
      ['Please hurry. They will not wait for me.', 'I will do what I can.'],
      ['Good. Please stop at the main door.', 'Of course. We are nearly there.'],
    ],
    summary: {
      x: ['has to be at the {goal} at {time}', 'takes a taxi to the {goal}'],
      y: ['says that it takes {n} minutes', 'needs {n} minutes for the ride'],
    },
  },
  {
    topic: 'school trip',
    service: false,
    slots: { city: cities, day: days, name: names, price: prices },
    ask: [
      'Our class goes to {city} on {day}. Can {name} come with us?',
      'The school trip to {city} is on {day}. Does {name} want to come?',
      'On {day} the children go to {city}. I still need your answer for {name}.',
    ],
    answer: [
      'It costs {price} dollars, and that is too much for us.',
      'We would like to, but {price} dollars is a lot of money.',
      '{name} wants to, but we cannot pay {price} dollars.',
    ],
    more: [
      ['The school can pay a part of it.', 'Really? Nobody told me about that.'],
      ['All the other children come with us.', 'I know, {name} told me so at home.'],
      ['We have known this since last month.', 'I never got a letter about it.'],
    ],
    end: [
      ['Please tell me before {day}.', 'I will talk about it at home tonight.'],
      ['I will ask the school for the money.', 'Then {name} can come with you.'],
    ],
    summary: {
      x: ['asks if {name} can come to {city} on {day}', 'plans a school trip to {city} on {day}'],
      y: ['thinks that {price} dollars is too much', 'cannot pay {price} dollars for {name}'],
    },
  },
];
