export { codeVersion, computeDueVerdicts, type VerdictServices } from './compute-verdicts.ts';
export { fixesAround, nearestBeyond } from './fixes-around.ts';
export type { Findings, PackInputs } from './inputs-and-findings.ts';
export { countsOthersAlone } from './known-model.ts';
export { currentRuns, readRun, repeatRun, selectVerdicts, streamVerdicts, type VerdictView, viewOf, wearerNames } from './read-verdicts.ts';
export { byVerdict, VerdictStore } from './verdict-store.ts';
export { reckoningFingerprint, workOut } from './work-out.ts';
