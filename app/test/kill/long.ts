import { fillTheDisk, limitedFiles, smallDisk } from './full-disk.ts';
import { killAgainAndAgain } from './kill-test.ts';

/** `npm run test:kill`: the long form. */
const times = 20;
const result = await killAgainAndAgain(times, Number(process.argv[2] ?? Date.now()), (text) => console.error(text));
console.log(
  `${result.kills} kills, ${result.acknowledged.toLocaleString('en-GB')} fixes acknowledged, ${result.missing} missing, ${result.doubled} doubled, ${result.auditProblems} problems in the audit record; ${result.alerts.toLocaleString('en-GB')} alerts, ${result.alertsLost} lost, ${result.alertsDoubled} doubled`,
);
const disk = smallDisk(130, 30);
const full = await fillTheDisk(disk ?? limitedFiles(20_480));
console.log(
  `${disk ? 'A disk of 130 MB' : 'Files of 20 MB at most (no disk can be mounted here)'} filled: ${full.acknowledged.toLocaleString('en-GB')} fixes acknowledged, ${full.missing} missing, ${full.doubled} doubled; refused with ${[...new Set(full.refusals.map(({ status }) => status))].join(', ')}; ${full.receiptsTwice} receipts given twice, ${full.auditProblems} problems in the audit record`,
);
const wrongRefusals = full.refusals.filter(({ status }) => status !== 507).length;
const wrong = full.missing + full.doubled + full.receiptsTwice + full.auditProblems + wrongRefusals;
process.exit(wrong + result.missing + result.doubled + result.auditProblems + result.alertsLost + result.alertsDoubled === 0 ? 0 : 1);
