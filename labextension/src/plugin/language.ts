/** The language of the page: its words, its numbers, and the texts of the settings. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

/** The name of our catalogues: `jupyterlite_pool/site/locale/` has one for each language. */
export const DOMAIN = 'jupyterlite_pool';

/** Gives texts in the language of the page. */
export type Words = Pick<TranslationBundle, '__' | '_n' | '_p'>;

/** The code of the language in which numbers are written. */
export function numberLanguage(trans: Words): string {
  // The catalogue says it: where it is missing, the words are English, and so are the numbers.
  return trans._p('the language of numbers', 'en-US');
}

/** How to write numbers, by language and number of digits. */
const formats = new Map<string, Intl.NumberFormat>();

/**
 * A number as people write it in the language of the words beside it.
 *
 * @param digits how many of its digits count; `least` of them are written even if they are zeros
 */
export function numberText(value: number, trans: Words, digits: number, least = 1): string {
  const language = numberLanguage(trans);
  const key = `${language} ${digits} ${least}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(language, {
      maximumSignificantDigits: digits,
      minimumSignificantDigits: least
    });
    formats.set(key, format);
  }
  return format.format(value);
}

/**
 * Which texts of a schema people read, by their path, and the context of each in the catalogue.
 *
 * JupyterLab's server has the same list. It finds translations in language packs alone, and JupyterLite
 * translates no schema.
 */
const TEXTS_OF_SCHEMAS: readonly (readonly [RegExp, string])[] = [
  [/^\/properties\/.*\/(title|description)$/, 'settings'],
  [/^\/(title|description)$/, 'schema'],
  [/^\/jupyter\.lab\.setting-icon-label$/, 'settings'],
  [/^\/jupyter\.lab\.menus\/.*\/label$/, 'menu']
];

/**
 * Let a registry show the settings of a plugin in the language of the page.
 *
 * @param change makes what is shown of the translated schema
 */
export function translateSettings(
  registry: ISettingRegistry,
  plugin: string,
  trans: Words,
  change = (schema: ISettingRegistry.ISchema) => schema
): void {
  registry.transform(plugin, {
    fetch: fetched => ({ ...fetched, schema: change(translated(fetched.schema, trans)) })
  });
}

/** A copy of a schema, or of a part of one, in which all that people read is translated. */
export function translated<T>(part: T, trans: Words, path = ''): T {
  const copy = (): unknown => {
    if (typeof part === 'string') {
      const context = TEXTS_OF_SCHEMAS.find(([pattern]) => pattern.test(path))?.[1];
      return context === undefined ? part : trans._p(context, part);
    }
    if (Array.isArray(part)) {
      return part.map((each: unknown, place) => translated(each, trans, `${path}[${place}]`));
    }
    if (typeof part === 'object' && part !== null) {
      const entries = Object.entries(part).map(([name, each]: [string, unknown]) => [
        name,
        translated(each, trans, `${path}/${name}`)
      ]);
      return Object.fromEntries(entries) as unknown;
    }
    return part;
  };
  return copy() as T;
}
