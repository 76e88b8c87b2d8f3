/** Short and pet forms beside the names they stand for; each line is one group, and a name may stand in several. */
const groups = `
abigail abby abi gail
albert al bert bertie albie
alexander alex alec sandy xander sasha
alexandra alex alexa sandra sandy lexi sasha
alfred alf alfie fred freddie
alison ali ally
amanda mandy
andrew andy drew
angela angie ange
anne ann anna annie nan
anthony tony ant
antonia toni
arthur art artie arty
barbara barb babs
benjamin ben benny benji
bernard bernie
catherine katherine kathryn cathy kathy kate katie kit kitty cath kath cate
charles charlie chas chuck
charlotte charlie lottie char
christine christina chris chrissie tina
christopher chris kit topher
daniel dan danny
danielle dani
david dave davey davy
deborah debra deb debbie
dominic dom nic
dorothy dot dottie dolly
edward ed eddie ted teddy ned
eleanor ellie nell nora elle
elizabeth liz lizzie beth betty betsy eliza libby lisa elsie bess
emily em emmy millie
emma em
eugene gene
eve evie eva evelyn
florence flo florrie
frances fran frankie francesca
francis frank frankie
frederick fred freddie freddy
gabriel gabe
gabrielle gabby gabi
gareth gaz gary
geoffrey jeffrey geoff jeff
george georgie
georgina georgia georgie gina
gerald gerry jerry
gillian gill jill
grace gracie
gregory greg
harold harry hal
harriet hattie harri
harry henry hal
helen nell ellen
henry hal hank
isabella isabel isabelle bella izzy issy belle
jacob jake
jacqueline jackie jacqui
james jim jimmy jamie jem
janet jan
jane janie
jasmine jas jaz
jennifer jen jenny
jeremy jez jerry
jessica jess jessie
joan joanie
joanna joanne jo joey
john jack johnny jon
jonathan jon jonny
joseph joe joey
josephine jo josie
joshua josh
judith judy
julia julie jules
katherine katrina kat kate katie
kenneth ken kenny
kimberley kim
laura laurie
lawrence laurence larry laurie
leonard len lenny leo
lewis louis lou lew
louise lou
lucinda lucy cindy
madeleine maddie maddy
margaret maggie meg peggy marge margie madge greta daisy
martin marty
mary molly polly may mae
matilda tilly mattie
matthew matt matty
maxwell max maximilian
melanie mel
melissa mel lissa
michael mike mick micky mikey
michelle shell chelle
mohammed muhammad mohammad mohamed muhammed mohd mo
natalie nat
nathan nathaniel nat nate
nicholas nick nicky nico
nicola nicky nikki
oliver ollie olly
olivia liv livvy ollie
pamela pam
patricia pat patsy tricia trish patti
patrick pat paddy rick
penelope penny
peter pete
philip phillip phil pip
philippa pippa pip
rachel rach rae
raymond ray
rebecca becky becca beck
reginald reg reggie
richard rick ricky rich dick dickie richie
robert rob robbie bob bobby bert robin
roger rodge
ronald ron ronnie
rosemary rose rosie
ruth ruthie
samantha sam sammy
samuel sam sammy
sarah sara sally sadie
sebastian seb
sharon shaz
sidney sid
simon si
sophia sofia sophie
stephanie steph
steven stephen steve stevie
stuart stewart stu
susan suzanne sue susie suzy susanna
sylvia syl
tamara tammy tamsin
terence terry tel
teresa theresa tess terri
thaddeus ted
theodore theo ted teddy
thomas tom tommy
timothy tim timmy
valerie val
vanessa nessa
veronica ronnie
victor vic
victoria vicky tori vic
vincent vince vinny
vivian viv
walter wally walt
wilfred wilf
william will bill billy willie liam
winifred winnie
yusuf yousef joseph
zachary zac zach zak
`;

const groupsOf = new Map<string, number[]>();
for (const [i, line] of groups.trim().split('\n').entries()) {
  for (const name of line.split(' ')) groupsOf.set(name, [...(groupsOf.get(name) ?? []), i]);
}

/** The groups of names that the first word of a standard name belongs to; null where it has none. */
export function nicknameGroups(name: string): readonly number[] | null {
  return groupsOf.get(firstWord(name)) ?? null;
}

/** May one forename be a short or pet form of the other? Standard names; the first word of each counts. */
export function areNicknames(a: string, b: string): boolean {
  const groupsOfB = nicknameGroups(b);
  return groupsOfB !== null && (nicknameGroups(a)?.some((group) => groupsOfB.includes(group)) ?? false);
}

function firstWord(name: string): string {
  const space = name.indexOf(' ');
  return space < 0 ? name : name.slice(0, space);
}
