/** Slot values that several scenarios share. Few and common: a tiny model must learn to copy them. */
export const names = [
  'Anna',
  'Ben',
  'Carla',
  'David',
  'Emma',
  'Felix',
  'Grace',
  'Hugo',
  'Jack',
  'Kate',
  'Leo',
  'Mary',
] as const;

export const cities = [
  'Lima',
  'Oslo',
  'Paris',
  'Rome',
  'Berlin',
  'Madrid',
  'Vienna',
  'Seoul',
  'Cairo',
  'Dublin',
] as const;

export const days = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

export const times = ['five', 'six', 'seven', 'eight', 'nine', 'ten', 'noon'] as const;

export const few = ['two', 'three', 'four', 'five', 'six'] as const;

export const minutes = ['10', '15', '20', '30', '40', '50'] as const;

export const prices = ['20', '30', '40', '60', '90', '120', '150'] as const;

export const colors = ['red', 'blue', 'green', 'black', 'white', 'brown'] as const;
