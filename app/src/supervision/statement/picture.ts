import { createRequire } from 'node:module';
import { createCanvas, GlobalFonts, loadImage } from '@napi-rs/canvas';

/** Every machine has this one: it comes with the program. */
const family = 'Waymark statement';
const font = createRequire(import.meta.url).resolve('@fontsource/atkinson-hyperlegible/files/atkinson-hyperlegible-latin-400-normal.woff2');
/** Dots for each unit of a drawing, so that it prints sharply. */
const dots = 2;

interface Rule {
  /** `*`, or the name of an element. */
  element: string;
  classes: string[];
  declarations: Record<string, string>;
}

/**
 * A drawing as a picture, PNG.
 * @param svg one of ours: elements with classes, nothing nested in attributes
 * @param css the styles by which pages show it, with whatever they stand before `svg`
 */
export async function pictureOf(svg: string, css: string): Promise<{ png: Buffer; width: number; height: number }> {
  if (!GlobalFonts.has(family)) GlobalFonts.registerFromPath(font, family);
  const [, width = 1, height = 1] = (/width="(\d+)" height="(\d+)"/.exec(svg) ?? []).map(Number);
  const image = await loadImage(Buffer.from(withStyles(svg, rulesOf(css))));
  const canvas = createCanvas(dots * width, dots * height);
  canvas.getContext('2d').drawImage(image, 0, 0, dots * width, dots * height);
  return { png: canvas.toBuffer('image/png'), width, height };
}

/** What a page's style says of parts of a drawing, in order; what is no part of one is passed over. */
function rulesOf(css: string): Rule[] {
  return [...css.replace(/\/\*[\s\S]*?\*\//g, '').matchAll(/([^{}]+)\{([^{}]*)\}/g)].flatMap(([, selectors = '', body = '']) => {
    const declarations = Object.fromEntries(
      body
        .split(';')
        .map((own) => own.split(':').map((part) => part.trim().replace(/\s+/g, ' ')))
        .filter((pair) => pair.length === 2),
    ) as Record<string, string>;
    return selectors.split(',').flatMap((selector) => {
      const last = /\bsvg ([a-z]*)((?:\.[\w-]+)*)$/.exec(selector.trim());
      if (!last) return [];
      return [{ element: last[1] || '*', classes: (last[2] ?? '').split('.').filter(Boolean), declarations }];
    });
  });
}

/** The drawing with its styles in its own elements: what draws it here reads no style sheet. */
function withStyles(svg: string, rules: readonly Rule[]): string {
  return svg.replace(/<([a-z]+)((?: [\w-]+="[^"]*")*)(\/?)>/g, (_all, element: string, attributes: string, end: string) => {
    const classes = / class="([^"]*)"/.exec(attributes)?.[1]?.split(' ') ?? [];
    const style: Record<string, string> = {};
    for (const rule of rules)
      if ((rule.element === '*' || rule.element === element) && rule.classes.every((name) => classes.includes(name)))
        Object.assign(style, rule.declarations);
    const { font: shorthand, ...own } = style;
    const size = /(\d+)px/.exec(shorthand ?? '')?.[1];
    if (size)
      Object.assign(own, { 'font-size': size, 'font-family': family, ...(own['font-size'] ? { 'font-size': own['font-size'] } : {}) });
    const told = Object.entries(own).map(([name, value]) => ` ${name}="${value.replace(/px$/, '')}"`);
    return `<${element}${attributes.replace(/ class="[^"]*"/, '')}${told.join('')}${end}>`;
  });
}
