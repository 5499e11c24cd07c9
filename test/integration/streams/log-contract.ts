import { isLater, type LoggedEvent } from '../../../src/streams/event-logs.js';
import { newStreamId, until } from './reading.js';
import type { Subject } from './stream-contract.js';

const dataOf = (events: readonly LoggedEvent[]) => events.map(({ data }) => data);

/** What every implementation of event logs keeps, tested from outside. */
export function itKeepsLogs(subject: Subject): void {
  describe('event logs', () => {
    it('reach every listener of the log in order, each once, and are kept for those who come later', async () => {
      const { logs } = await subject.open();
      const id = newStreamId();
      const heard: LoggedEvent[][] = [[], []];
      let live = 0;
      const leave = heard.map((events) => logs.listen(id, { onEvent: (event) => void events.push(event), onLive: () => (live += 1) }));
      await until(() => live === 2);
      const all = Array.from({ length: 100 }, (_, i) => `event ${i} of "100"`);
      for (const data of all) logs.append(id, data);
      logs.append(newStreamId(), 'another log');
      await until(() => heard.every((events) => events.length === all.length));
      for (const events of heard) {
        expect(dataOf(events)).toEqual(all);
        expect(events.slice(1).every((event, i) => isLater(event.id, events[i]?.id ?? ''))).toBe(true);
        expect(await logs.read(id)).toEqual(events);
      }
      for (const stop of leave) stop();
      logs.append(id, 'one more');
      await until(async () => (await logs.read(id)).length === all.length + 1);
      expect(heard.map(({ length }) => length)).toEqual([100, 100]);
    });

    it('have nothing more once they are forgotten', async () => {
      const { logs } = await subject.open();
      const [id, other] = [newStreamId(), newStreamId()];
      for (const log of [id, other]) logs.append(log, 'one');
      await until(async () => (await logs.read(other)).length === 1);
      await logs.forget(id);
      expect(await logs.read(id)).toEqual([]);
      expect(dataOf(await logs.read(other))).toEqual(['one']);
    });

    it('keep no more events than allowed, and none for longer', async () => {
      const { logs } = await subject.open({ keptMs: 2_000, maxEvents: 3 });
      const id = newStreamId();
      for (const data of ['1', '2', '3', '4', '5']) logs.append(id, data);
      await until(async () => dataOf(await logs.read(id)).includes('5'));
      expect(dataOf(await logs.read(id))).toEqual(['3', '4', '5']);
      await until(async () => (await logs.read(id)).length === 0);
      logs.append(id, '6');
      await until(async () => dataOf(await logs.read(id)).includes('6'));
      expect(dataOf(await logs.read(id))).toEqual(['6']);
    });

    it('are empty where nothing was appended', async () => {
      const { logs } = await subject.open();
      expect(await logs.read(newStreamId())).toEqual([]);
    });
  });
}
