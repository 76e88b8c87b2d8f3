import { breakAgainAndAgain, type Fault, faults } from './cluster-test.ts';

/** `npm run test:cluster [rounds] [seed] [fault]`: the long form. */
const [rounds = '30', seed = String(Date.now() % 1_000_000), fault] = process.argv.slice(2);
const only = fault ? faults.filter((one): one is Fault => one === fault) : faults;
const result = await breakAgainAndAgain(Number(rounds), Number(seed), { say: (text) => console.error(text), only });
if (!result) {
  console.error('PostgreSQL or nats-server is not installed here; nothing was tried.');
  process.exit(2);
}
const last = result.rounds[result.rounds.length - 1];
const sum = (name: 'missing' | 'doubled' | 'alertsLost' | 'alertsDoubled') => result.rounds.reduce((all, round) => all + round[name], 0);
const verdicts = (name: 'runs' | 'different' | 'unjudged') => result.rounds.reduce((all, round) => all + round.verdicts[name], 0);
const at = (all: number[], share: number) =>
  [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.NaN;
const takeovers = result.rounds.flatMap(({ takeoverMs }) => (takeoverMs === null ? [] : [takeoverMs]));
const takeover = at(takeovers, 0.99);
console.log(
  [
    `Seed ${seed}, ${result.rounds.length} rounds, ${(last?.acknowledged ?? 0).toLocaleString('en-GB')} fixes acknowledged over HTTP and MQTT: ${sum('missing')} missing, ${sum('doubled')} doubled`,
    `${(last?.alerts ?? 0).toLocaleString('en-GB')} alerts: ${sum('alertsLost')} lost or retracted wrongly, ${sum('alertsDoubled')} doubled, counted in every round before it was mended`,
    `${verdicts('runs')} runs of verdicts judged in ${result.shares.taken} shares, ${result.shares.again} of them taken again: ${verdicts('different')} different when repeated, ${verdicts('unjudged')} crimes left unjudged`,
    result.lake
      ? `lake: ${result.lake.compared} fixes compared, ${result.lake.missing} missing, ${result.lake.extra} too many`
      : 'lake: none here',
    `audit: ${result.auditProblems} problems, ${result.unrecorded} receipts not on record, ${result.recordedTwice} twice`,
    `taken over after ${Math.round(at(takeovers, 0.5))} ms in the middle, p99 ${Math.round(takeover)} ms, of ${takeovers.length}`,
    `a page answered after ${Math.round(
      at(
        result.rounds.map(({ pageMs }) => pageMs),
        0.99,
      ),
    )} ms at most`,
    `acknowledged while nothing was wrong: p50 ${Math.round(at(result.usualMs, 0.5))} ms, p99 ${Math.round(at(result.usualMs, 0.99))} ms`,
    `nothing was acknowledged for ${Math.round(result.stalledMs)} ms at most after something had been mended`,
    ...(result.left.length > 0 ? [`left out, this machine makes no network namespaces: ${result.left.join(', ')}`] : []),
  ].join('\n'),
);
const wrong =
  sum('missing') +
  sum('doubled') +
  sum('alertsLost') +
  sum('alertsDoubled') +
  verdicts('different') +
  verdicts('unjudged') +
  (result.lake ? result.lake.missing + result.lake.extra : 0) +
  result.auditProblems +
  result.unrecorded +
  result.recordedTwice;
process.exit(wrong === 0 && !(takeover > 10_000) ? 0 : 1);
