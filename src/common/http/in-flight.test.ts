import { TooMuchInFlightError } from '../errors/common.errors.js';
import { BodiesInFlight, InFlightBytes } from './in-flight.js';

const create = () => new InFlightBytes({ total: 100, perHolder: 60, least: 10 });

test('a holder has its share, and everybody together the total', () => {
  const bytes = create();
  bytes.take('a', 50);
  expect(() => bytes.take('a', 11)).toThrow(TooMuchInFlightError);
  bytes.take('b', 50);
  expect(() => bytes.take('c', 1)).toThrow(TooMuchInFlightError);
});

test('what is given back can be taken again, and is given back once', () => {
  const bytes = create();
  const giveBack = bytes.take('a', 50);
  const rest = bytes.take('b', 50);
  giveBack();
  giveBack();
  bytes.take('a', 50);
  expect(() => bytes.take('c', 10)).toThrow(TooMuchInFlightError);
  rest();
  bytes.take('c', 50);
});

test('small ones count as the least, so that their number is bounded', () => {
  const bytes = create();
  for (let i = 0; i < 10; i += 1) bytes.take(`holder ${i}`, 1);
  expect(() => bytes.take('another', 1)).toThrow(TooMuchInFlightError);
});

test('a first one larger than the share is taken, or nobody could ever have it', () => {
  const bytes = create();
  bytes.take('a', 200);
  expect(() => bytes.take('b', 10)).toThrow(TooMuchInFlightError);
});

test('one user has a quarter of the uploads at most', () => {
  const { uploads } = new BodiesInFlight();
  for (const user of ['a', 'b', 'c', 'd']) {
    for (let i = 0; i < 32; i += 1) uploads.take(user, 0);
    expect(() => uploads.take(user, 0)).toThrow(TooMuchInFlightError);
  }
  expect(() => uploads.take('e', 0)).toThrow(TooMuchInFlightError);
});
