export { queueChanges } from './queue-changes.ts';
export { type Topic, topicNames, topics } from './topics.ts';
