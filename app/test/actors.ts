import type { Actor } from '../src/platform/access.ts';

/** Who acts in tests: the same fictional people everywhere, each in the role that they have in the trial. */
export const officer: Actor = { id: 'mo-1', name: 'Maya Okonjo', role: 'monitoring-officer', purpose: 'monitoring' };
export const steward: Actor = { id: 'ds-1', name: 'Ravi Menon', role: 'data-steward', purpose: 'record-linkage' };
export const worker: Actor = { id: 'sw-1', name: 'Joan Achebe', role: 'support-worker', purpose: 'support' };
export const profiler: Actor = { id: 'system', name: 'Waymark', role: 'system', purpose: 'support' };
export const auditor: Actor = { id: 'au-1', name: 'Aled Price', role: 'auditor', purpose: 'oversight' };
export const linker: Actor = { id: 'console:test', name: 'test', role: 'operator', purpose: 'record-linkage' };
export const lead: Actor = { id: 'sl-1', name: 'Ruth Adeyemi', role: 'support-lead', purpose: 'support' };
export const analyst: Actor = { id: 'ca-1', name: 'Priya Nair', role: 'crime-analyst', purpose: 'crime-matching' };
export const administrator: Actor = { id: 'ad-1', name: 'Ines Duarte', role: 'administrator', purpose: 'administration' };
