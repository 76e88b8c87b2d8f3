/**
 * For a story: the tests of one block are steps in one house, each beginning where the one before ended, as somebody's months do. They
 * run in the order in which they are written; blocks and files run in any.
 */
export const toldInOrder = { shuffle: false, concurrent: false };
