export { isOfTheTeam, type NoteView, noteReaders, notesOf, takeBackNote, writeNote } from './notes.ts';
export { readDay } from './read-day.ts';
export { addTask, type TaskView, tasksOf } from './tasks.ts';
