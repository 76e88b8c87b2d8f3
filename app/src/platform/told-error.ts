/**
 * An error whose own words are for whoever caused it: they say what is wrong, where, and what to do. Everything else that is
 * thrown is a fault of ours, told with its stack to whoever runs the server and to nobody else.
 */
export abstract class ToldError extends Error {}
