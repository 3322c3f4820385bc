/** A scalar of an event. */
export interface Leaf {
  /** JSON text of the value, with a string's quotes but without its escapes: what text operators compare. */
  readonly text: string;
  /** The value, if it is a number. */
  readonly number: number | undefined;
  /** Which element of which arrays the leaf is in: array id to index. */
  readonly elements: ReadonlyMap<number, number>;
}

/** Leaves by dotted path. A key that contains a dot gives the same path as a nested one; arrays add nothing to a path. */
export type EventFields = ReadonlyMap<string, readonly Leaf[]>;

const NO_ELEMENTS: ReadonlyMap<number, number> = new Map();

/** Empty objects and arrays have no leaves: to a pattern their fields are absent. */
export function fieldsOf(event: unknown): EventFields {
  const fields = new Map<string, Leaf[]>();
  let arrays = 0;
  const visit = (value: unknown, path: string, elements: ReadonlyMap<number, number>): void => {
    if (Array.isArray(value)) {
      const id = arrays++;
      for (const [index, item] of value.entries()) {
        const isScalar = typeof item !== 'object' || item === null;
        visit(item, path, isScalar ? elements : new Map(elements).set(id, index));
      }
      return;
    }
    if (typeof value === 'object' && value !== null) {
      for (const [key, child] of Object.entries(value))
        visit(child, path === '' ? key : `${path}.${key}`, elements);
      return;
    }
    const leaves = fields.get(path) ?? [];
    leaves.push({
      text: typeof value === 'string' ? `"${value}"` : String(value),
      number: typeof value === 'number' ? value : undefined,
      elements,
    });
    fields.set(path, leaves);
  };
  visit(event, '', NO_ELEMENTS);
  return fields;
}
