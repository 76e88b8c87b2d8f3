export { fleetSilence } from './fleet-silence.ts';
export { BrokerError, brokerInWords, OutsideBroker } from './outside-broker.ts';
export { TagBroker } from './tag-broker.ts';
