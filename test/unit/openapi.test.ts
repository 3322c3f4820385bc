import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { METHODS } from '../../lambdas/gateway/core/server-api/requests';
import { DOCUMENT, openApiDocument } from '../../scripts/openapi';
import { jsonSchemaOf, UnknownSchemaError } from '../../scripts/openapi/json-schema';

describe('docs/openapi.json', () => {
  const document = openApiDocument();

  it('is what the schemas say: npm run openapi writes it', () => {
    expect(JSON.parse(readFileSync(DOCUMENT, 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('has every method', () => {
    expect(Object.keys(Object(document['paths']))).toEqual(METHODS.map((method) => `/${method}`));
  });

  it('refers to nothing that it does not have', () => {
    const text = JSON.stringify(document);
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(0);
    const { schemas } = Object(document['components']);
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(names));
  });
});

describe('a schema', () => {
  it('becomes JSON Schema with its limits and defaults', () => {
    const schema = v.strictObject({
      text: v.pipe(v.string(), v.minLength(1), v.maxLength(5)),
      list: v.exactOptional(v.pipe(v.array(v.boolean()), v.maxLength(2))),
      count: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    });
    expect(jsonSchemaOf(schema)).toEqual({
      type: 'object',
      properties: {
        text: { type: 'string', minLength: 1, maxLength: 5 },
        list: { type: 'array', items: { type: 'boolean' }, maxItems: 2 },
        count: { type: 'integer', minimum: 1, default: 1 },
      },
      required: ['text'],
      additionalProperties: false,
    });
  });

  it('of another kind stops the document', () => {
    expect(() => jsonSchemaOf(v.map(v.string(), v.string()))).toThrow(UnknownSchemaError);
    expect(() => jsonSchemaOf(v.pipe(v.string(), v.email()))).toThrow(UnknownSchemaError);
  });
});
