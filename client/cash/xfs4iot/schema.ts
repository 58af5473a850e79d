/**
 * Schemas of JSON values. A schema returns the fields that it names and drops all others; a property
 * that is null is absent.
 */

/** A message breaks the specification. */
export class MalformedMessage extends Error {
  override name = "MalformedMessage";
}

/** Returns the value with its known fields. @throws {MalformedMessage} */
export type Schema<T> = (value: unknown, where: string) => T;
export type Of<S> = S extends Schema<infer T> ? T : never;
type Fields = Record<string, Schema<unknown>>;
type Optional<F extends Fields> = {
  [K in keyof F]: undefined extends Of<F[K]> ? K : never;
}[keyof F];
type Values<F extends Fields> =
  & { [K in Exclude<keyof F, Optional<F>>]: Of<F[K]> }
  & { [K in Optional<F>]?: Of<F[K]> };

function refuse(where: string, form: string): never {
  throw new MalformedMessage(`${where} is not ${form}`);
}

export const text: Schema<string> = (value, where) =>
  typeof value === "string" ? value : refuse(where, "a text");
export const yesOrNo: Schema<boolean> = (value, where) =>
  typeof value === "boolean" ? value : refuse(where, "true or false");
export const whole: Schema<number> = (value, where) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? value as number
    : refuse(where, "a whole number");
/** An amount in major units. */
export const amount: Schema<number> = (value, where) =>
  typeof value === "number" && Number.isFinite(value) && value >= 0
    ? value
    : refuse(where, "an amount");

export function matching(pattern: RegExp): Schema<string> {
  return (value, where) =>
    typeof value === "string" && pattern.test(value) ? value : refuse(where, `${pattern}`);
}

export function oneOf<const T extends string>(...values: T[]): Schema<T> {
  return (value, where) =>
    values.includes(value as T) ? value as T : refuse(where, `one of ${values.join(", ")}`);
}

export function maybe<T>(schema: Schema<T>): Schema<T | undefined> {
  return (value, where) => value === undefined || value === null ? undefined : schema(value, where);
}

export function listOf<T>(schema: Schema<T>): Schema<T[]> {
  return (value, where) =>
    Array.isArray(value)
      ? value.map((each, index) => schema(each, `${where}[${index}]`))
      : refuse(where, "a list");
}

export function object<F extends Fields>(fields: F): Schema<Values<F>> {
  return (value, where) => {
    const given = recordOf(value, where);
    const read = Object.entries(fields).map(([name, schema]) =>
      [name, schema(given[name], `${where}.${name}`)] as const
    );
    return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Values<F>;
  };
}

/** Returns the schema of an object whose names match; others are dropped. */
export function mapOf<T>(names: RegExp, schema: Schema<T>): Schema<Record<string, T>> {
  return (value, where) =>
    Object.fromEntries(
      Object.entries(recordOf(value, where))
        .filter(([name, each]) => names.test(name) && each !== null)
        .map(([name, each]) => [name, schema(each, `${where}.${name}`)]),
    );
}

function recordOf(value: unknown, where: string): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : refuse(where, "an object");
}
