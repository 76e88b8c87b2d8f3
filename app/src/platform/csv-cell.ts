/** A cell for whoever opens the file in a spreadsheet: what would be taken for a formula there is text. */
export const harmlessCell = (cell: string): string => cell.replace(/^([=+\-@\t\r])/, "'$1");
