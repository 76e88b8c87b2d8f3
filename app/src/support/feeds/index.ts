export { declareFeed, endFeed, type FeedPlaces } from './declare-feed.ts';
export { type FeedView, feedsOf } from './read-feeds.ts';
export { areFeedsDue, folderOf, runDueFeeds, runFeed } from './run-feeds.ts';
