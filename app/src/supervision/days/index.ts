export { type Happening, readTimeline } from './read-timeline.ts';
export { type TrackDay, type TrackStores, trackDayOf, trackMapData } from './read-track-day.ts';
