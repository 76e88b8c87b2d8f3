import type { Random } from '../chance/random.ts';

/** Forenames by how common they are, most common first, with the short forms that people use. Fictional people only. */
const girls =
  'Olivia:Liv Amelia Isla Ava Emily:Em,Emmy Sophie Grace:Gracie Lily Freya Poppy Ella Charlotte:Charlie,Lottie Jessica:Jess Chloe Megan:Meg Hannah Lucy Katherine:Kate,Kathy,Katie Elizabeth:Liz,Beth,Betty Rebecca:Becky Sarah:Sally Rachel:Rach Samantha:Sam Victoria:Vicky Alexandra:Alex Nicola:Nicky Susan:Sue Margaret:Maggie,Peggy Jennifer:Jenny Patricia:Pat,Trish Christine:Chris,Tina Deborah:Debbie Caroline:Carrie Amanda:Mandy Joanne:Jo Michelle:Shell Laura Emma Holly Zara Aisha Fatima Maryam Priya Anjali Nadia Maja Zofia Chidinma Abena Yasmin Layla Imogen Harriet:Hattie Florence:Flo Matilda:Tilly Eleanor:Ellie,Nell Isabella:Bella,Izzy Abigail:Abby Georgia:Georgie Phoebe Daisy Erin Niamh Ffion Carys Bronwen Mairi Eilidh Tabitha Rosalind:Ros Winifred:Winnie Dorothy:Dot Gwendoline:Gwen Jocasta Perpetua';
const boys =
  'Oliver:Ollie George Noah Arthur:Art Harry Leo Muhammad:Mo Jack Charlie Oscar Jacob:Jake Henry:Hal Thomas:Tom,Tommy Freddie James:Jim,Jamie,Jimmy William:Will,Bill,Billy Joshua:Josh Daniel:Dan,Danny Matthew:Matt Samuel:Sam,Sammy Benjamin:Ben Joseph:Joe,Joey Alexander:Alex,Sandy Michael:Mike,Mick Robert:Rob,Bob,Bobby Richard:Rick,Dick David:Dave Andrew:Andy Christopher:Chris Nicholas:Nick Anthony:Tony Stephen:Steve Edward:Ed,Ted,Eddie Timothy:Tim Gregory:Greg Philip:Phil Peter:Pete Patrick:Pat,Paddy Kenneth:Ken Ronald:Ron Lawrence:Larry Frederick:Fred Albert:Bert,Al Ibrahim Yusuf Hassan Omar Arjun Rohan Sanjay Piotr Jakub Emeka Kwame Rhys Dylan Owen Ewan Callum Finlay Angus Connor Sean Aidan Tariq Wei Kofi Mateusz Ezekiel:Zeke Thaddeus:Ted Barnaby Peregrine Lysander';

interface Forename {
  name: string;
  short: string[];
}

const read = (list: string): Forename[] =>
  list.split(' ').map((entry) => {
    const [name = '', short = ''] = entry.split(':');
    return { name, short: short === '' ? [] : short.split(',') };
  });

const forenames = { f: read(girls), m: read(boys) };
const shortOf = new Map([...forenames.f, ...forenames.m].map(({ name, short }) => [name, short]));

const beginnings =
  'Ash Ald Bar Birch Black Brad Bram Brock Cald Carl Chad Char Clif Cole Cran Crow Dal Dar Den Dun East Elm Fair Farn Fen Finch Fox Gar Gold Grim Hal Ham Hart Haw Hazel Hol Horn Kel Kirk Lang Law Lin Lock Long Mar Mar Mel Mill Mor Nether Nor Oak Os Pem Pick Pres Quar Rams Red Rock Row Sand Shep Sil South Stan Stock Sut Tar Thorn Thur Tor Under Wake Wal War Wat West Whit Wood Wyn Yar'.split(
    ' ',
  );
const endings =
  'ton ley ford ham field worth wood by croft dale well bourne combe cott den er field gate grove hurst ing land low man mere more mont port ridge sby shaw son stead stone thwaite wick'.split(
    ' ',
  );
const elsewhere =
  'Ahmed Akhtar Begum Bello Chowdhury Das Eze Farah Ghosh Hussain Islam Jones Kaur Khan Kowalska Lewis Mensah Mistry Murphy Nguyen Nowak Obi OBrien Okafor Patel Rahman Roberts Sandhu Shah Singh Smith Taylor Thomas Uddin Williams Wilson Wong Yilmaz Zhang Begum-Ali'.split(
    ' ',
  );
const surnames = [...elsewhere, ...endings.flatMap((ending) => beginnings.map((beginning) => beginning + ending))];

/** Skewed towards the front of a list, as names are: about as many have the first as have the last hundred. */
function skewed<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(items.length * random.next() ** 2.2)] as T;
}

export function forenameOf(random: Random, sex: 'f' | 'm'): string {
  return skewed(random, forenames[sex]).name;
}

export function surnameOf(random: Random): string {
  return skewed(random, surnames);
}

/** A short form of a forename, or the name itself where it has none. */
export function shortForm(random: Random, forename: string): string {
  const forms = shortOf.get(forename) ?? [];
  return forms.length > 0 ? random.pick(forms) : forename;
}
