export { checkLake, type Exported, exportFixes, extentOfLake, type LakeCheck, type LakeExtent } from './check.ts';
export { keepOrder } from './kept-orders.ts';
export { Lake, type SealedUpTo } from './lake.ts';
export { LakeError, type LakePlace, withoutSecrets } from './place.ts';
export { type Sealed, sealFixes } from './seal.ts';
export { tendLake } from './tend.ts';
