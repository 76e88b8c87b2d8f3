export { calendarOf } from './calendar.ts';
export { makeAppointment } from './keep-diary.ts';
export { readOwnAppointments } from './read-diary.ts';
