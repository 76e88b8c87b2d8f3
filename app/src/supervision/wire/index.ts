export { fleetSilence } from './fleet-silence.ts';
export { brokerInWords, OutsideBroker } from './outside-broker.ts';
export { TagBroker } from './tag-broker.ts';
