export { agreeToRetention, noteRetentionPreview } from './retention-asks.ts';
export { previewRetention, runRetention } from './run-retention.ts';
