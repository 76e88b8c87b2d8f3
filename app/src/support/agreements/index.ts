export { type AgreementView, agreementInForce, agreementsOf } from './agreement-in-force.ts';
export { declareAgreement, lawfulBases, type NewAgreement, sharedFields } from './declare-source.ts';
export { type RegisteredAgreement, registeredAgreements } from './registered-agreements.ts';
