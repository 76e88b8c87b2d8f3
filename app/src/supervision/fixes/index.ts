export { importFixes } from './import-fixes.ts';
export { hashSecret, Intake, type Sender } from './intake.ts';
export { type Position, Positions } from './positions.ts';
export { listQuarantineAtConsole, releaseQuarantineAtConsole } from './quarantine.ts';
export { registerWearers } from './register-wearers.ts';
