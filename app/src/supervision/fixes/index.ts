export { importFixes } from './import-fixes.ts';
export { hashSecret, Intake } from './intake.ts';
export { type Position, Positions } from './positions.ts';
export { listQuarantineAtConsole, releaseQuarantineAtConsole } from './quarantine.ts';
export { lastOnRecord, type Sender } from './receipt-entries.ts';
export { ReceiptRecorder } from './receipt-recorder.ts';
export { registerWearers } from './register-wearers.ts';
