import { afterAll, describe, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from '../../test/postgres.ts';
import { recordsForTest } from '../../test/serve-for-test.ts';
import { until } from '../../test/until.ts';
import { AccessPolicy, type Actor } from './access.ts';
import { type Action, InvalidError, Performer } from './action.ts';
import { type Change, Changes, type Topic } from './changes.ts';
import { type OpenDatabase, openDatabase } from './database.ts';
import { migrate } from './migrate.ts';

const senders = 'supervision.senders' as Topic;
const rules = 'supervision.rules' as Topic;
const officer: Actor = { id: 'mo-1', name: 'An officer', role: 'monitoring-officer', purpose: 'monitoring' };
/** An action that tells, and may fail afterwards. */
const telling: Action<null, { ids: number[]; fails?: boolean }, string> = {
  name: 'zone.change',
  room: 'supervision',
  purpose: 'monitoring',
  async run({ tell }, _services, { ids, fails }) {
    tell(rules, ids.slice(0, 1));
    tell(senders);
    tell(rules, ids.slice(1));
    if (fails) throw new InvalidError('No.');
    return 'done';
  },
};

function hearing(changes: Changes): Change[] {
  const heard: Change[] = [];
  for (const topic of [senders, rules]) changes.listen(topic, (ids) => void heard.push({ topic, ids }));
  return heard;
}

describe('in one process', () => {
  test('everybody has heard, once and together, before the answer is given; what failed is told to nobody', async () => {
    const database = await recordsForTest();
    const changes = new Changes(database);
    const heard = hearing(changes);
    const performer = new Performer(database.db, new AccessPolicy(), changes);
    expect(await performer.perform(officer, telling, null, { ids: [1, 2, 2] })).toBe('done');
    expect(heard).toEqual([
      { topic: rules, ids: [1, 2] },
      { topic: senders, ids: [] },
    ]);
    await expect(performer.perform(officer, telling, null, { ids: [3], fails: true })).rejects.toThrow('No.');
    await expect(performer.perform({ ...officer, role: 'auditor' }, telling, null, { ids: [3] })).rejects.toThrow('does not allow');
    expect(heard).toHaveLength(2);
    await database.close();
  });

  test('who cannot hear just now is told again until they can, and nobody waits for them', async () => {
    const database = await recordsForTest();
    const changes = new Changes(database);
    const problems: unknown[] = [];
    changes.onError = (error) => problems.push(error);
    const heard: number[][] = [];
    changes.listen(rules, (ids) => {
      if (problems.length < 2) throw new Error('not now');
      heard.push(ids);
    });
    await changes.settle([{ topic: rules, ids: [7] }]);
    expect([problems.length, heard.length]).toEqual([1, 0]);
    await until(() => heard.length > 0);
    expect([problems.length, heard]).toEqual([2, [[7]]]);
    await changes.close();
    await database.close();
  });
});

const postgres = await startPostgres();
describe.skipIf(!postgres)('two servers on one PostgreSQL', () => {
  const open: OpenDatabase[] = [];
  const server = async () => {
    const database = await openDatabase({ url: (postgres as TestPostgres).url });
    open.push(database);
    await migrate(database.db);
    const changes = new Changes(database);
    await changes.listenToOthers();
    return { changes, heard: hearing(changes), performer: new Performer(database.db, new AccessPolicy(), changes) };
  };
  afterAll(async () => {
    for (const database of open) await database.close();
    await postgres?.stop();
  });

  test('one hears what the other did, also after its connection broke', async () => {
    const [one, other] = [await server(), await server()];
    const many = Array.from({ length: 1200 }, (_, i) => 1_000_000 + i);
    await one.performer.perform(officer, telling, null, { ids: many });
    await until(() => other.heard.length >= 4);
    expect(other.heard.filter(({ topic }) => topic === rules).flatMap(({ ids }) => ids)).toEqual(many);
    expect(other.heard.filter(({ topic }) => topic === senders)).toEqual([{ topic: senders, ids: [] }]);
    // Its own messages come back to it, and are not heard twice.
    expect(one.heard).toHaveLength(2);
    await expect(one.performer.perform(officer, telling, null, { ids: [5], fails: true })).rejects.toThrow('No.');
    other.heard.length = 0;
    await postgres?.asOwner("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    // Whatever was missed meanwhile may have changed.
    await until(() => other.heard.length >= 2);
    expect(other.heard).toEqual([
      { topic: senders, ids: [] },
      { topic: rules, ids: [] },
    ]);
    // Whoever else sends on the channel is told of, and nothing falls over.
    const problems: string[] = [];
    other.changes.onError = (error) => problems.push((error as Error).message);
    for (const text of ['', 'no JSON', '{"from":1}', '{"from":"x","topic":"t","ids":["1"]}', '{"from":"x","topic":"unknown","ids":[1]}'])
      await postgres?.asOwner(`NOTIFY waymark_changes, '${text}'`);
    await until(() => problems.length >= 4);
    expect(problems).toEqual(Array(4).fill('A message on waymark_changes is none of ours, and is passed over.'));
    await one.performer.perform(officer, telling, null, { ids: [6] });
    await until(() => other.heard.some(({ ids }) => ids.includes(6)));
    for (const { changes } of [one, other]) await changes.close();
  });
});
