/** Placeholder outward codes of the NHS and others: no fixed abode, not known, abroad. */
const placeholder = /^(ZZ99|NF1)/;
const form =
  /^(GIR ?0AA|[A-PR-UWYZ]([0-9]{1,2}|[A-HK-Y][0-9]{1,2}|[0-9][A-HJKS-UW]|[A-HK-Y][0-9][ABEHMNPRV-Y]) ?[0-9][ABD-HJLNP-UW-Z]{2})$/;

/**
 * A UK postcode in upper case with one space (`M1 1AA`), by the form of the Royal Mail's PAF. Placeholders (`ZZ99 3VZ`,
 * `NF1 1NF`) are no address and give `null`, as does what is no postcode. The letter O for a nought in the inward part is
 * put right.
 */
export function standardPostcode(raw: string): string | null {
  const compact = raw
    .slice(0, 40)
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '');
  if (compact.length < 5 || compact.length > 7) return null;
  const outward = compact.slice(0, -3);
  const inward = compact.slice(-3).replace(/^O/, '0').replace(/^[IL]/, '1');
  const postcode = `${outward} ${inward}`;
  return form.test(postcode) && !placeholder.test(postcode) ? postcode : null;
}
