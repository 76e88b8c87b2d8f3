import { killAgainAndAgain } from './kill-test.ts';

/** `npm run test:kill`: the long form. */
const times = 20;
const result = await killAgainAndAgain(times, Number(process.argv[2] ?? Date.now()), (text) => console.error(text));
console.log(
  `${result.kills} kills, ${result.acknowledged.toLocaleString('en-GB')} fixes acknowledged, ${result.missing} missing, ${result.doubled} doubled, ${result.auditProblems} problems in the audit record; ${result.alerts.toLocaleString('en-GB')} alerts, ${result.alertsLost} lost, ${result.alertsDoubled} doubled`,
);
process.exit(result.missing + result.doubled + result.auditProblems + result.alertsLost + result.alertsDoubled === 0 ? 0 : 1);
