import { workInThread } from '../../src/platform/work-in-thread.ts';

let tasks = 0;

/** Says how many tasks this thread has had, as often as asked; fails, or never ends, when told. */
workInThread(function* ({ parts, fails, hangs }: { parts: number; fails?: boolean; hangs?: boolean }) {
  tasks++;
  if (fails) throw new Error('as told');
  while (hangs) yield* [];
  for (let i = 0; i < parts; i++) yield tasks;
});
