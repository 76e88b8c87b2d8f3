import type { Random } from './chance/random.ts';

const given =
  'Aaron Abigail Adam Aisha Alfie Amelia Amir Anna Ben Bethany Callum Carys Chloe Connor Daisy Daniel Dev Dylan Ella Emeka Erin Ethan Eve Farah Finn Freya George Grace Hamza Hannah Harriet Harry Ian Imogen Isaac Isla Jack Jasmine Jay Joe Jordan Kai Kate Kofi Lara Leo Lewis Lily Logan Lucy Luke Maja Mason Megan Mia Mohsin Molly Nadia Nathan Nia Noah Oliver Olivia Oscar Owen Piotr Poppy Priya Rhys Rosie Ruby Ryan Sam Sanjay Sara Sean Sofia Tariq Theo Tom Tyler Wei Will Yusuf Zac Zara Zoe'.split(
    ' ',
  );
const family =
  'Abara Ashdown Barlow Bexley Birchall Brackley Caldwell Chowdhury Coyle Dacre Dunmore Eastlake Ellery Farrow Fenwick Garside Goodall Haddon Harkness Ibbotson Jarrow Kenworthy Kowal Lathom Lockwood Marchbank Mistry Netherby Norcliffe Oakden Okoro Pemberton Prescott Quayle Ramsden Rosewell Sandhu Shaw Stanhope Tarleton Thackray Underhill Varley Wainfleet Whitlock Yardley'.split(
    ' ',
  );

/** A made-up name. Any likeness to a real person is chance. */
export function fictionalName(random: Random): string {
  return `${random.pick(given)} ${random.pick(family)}`;
}
