import { expect, test } from 'vitest';
import { breakAgainAndAgain } from './cluster-test.ts';

test('three servers, of which one is killed, the primary is killed, and one is cut off: nothing is lost or doubled, and the others take over', async ({
  skip,
}) => {
  const result = await breakAgainAndAgain(3, 7, { only: ['kill a server', 'kill the primary', 'cut off a server'] });
  if (!result) return skip('PostgreSQL or nats-server is not installed here.');
  for (const round of result.rounds) {
    expect(round).toMatchObject({ missing: 0, doubled: 0, alertsLost: 0, alertsDoubled: 0, verdicts: { different: 0, unjudged: 0 } });
    // The slower the machine, the more crimes there are in a run and the fewer runs.
    expect(round.verdicts.runs).toBeGreaterThan(0);
    if (round.takeoverMs !== null) expect(round.takeoverMs).toBeLessThan(10_000);
  }
  expect(result).toMatchObject({ auditProblems: 0, unrecorded: 0, recordedTwice: 0 });
  expect(result.rounds.reduce((all, { verdicts }) => all + verdicts.runs, 0)).toBeGreaterThan(4);
  expect(result.shares.taken).toBeGreaterThan(10);
  if (result.lake) {
    expect(result.lake).toMatchObject({ missing: 0, extra: 0 });
    expect(result.lake.compared).toBeGreaterThan(5000);
  }
  expect(result.rounds.at(-1)?.acknowledged).toBeGreaterThan(5000);
  expect(result.rounds.at(-1)?.alerts).toBeGreaterThan(500);
}, 300_000);
