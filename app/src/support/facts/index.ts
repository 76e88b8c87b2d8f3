export { areaName, areasIn, faultOfArea, isSameArea } from './areas.ts';
export {
  type Characteristic,
  characteristics,
  checkFields,
  expiryOf,
  type FactKindKey,
  factKindKeys,
  factKinds,
  faultOfValue,
  type Identity,
  type IdentityField,
  identityFields,
  identityKeys,
} from './fact-kinds.ts';
export type { Statement } from './statement.ts';
