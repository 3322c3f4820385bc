/** A `{{resolve:...}}` inside a string of a template. */
export type DynamicReference =
  | { readonly kind: 'ssm'; readonly name: string; readonly version: string | undefined }
  | {
      readonly kind: 'secret';
      /** Name or ARN. */
      readonly secretId: string;
      /** Key inside the JSON of the secret's string; undefined for the whole string. */
      readonly jsonKey: string | undefined;
      readonly stage: string | undefined;
      readonly versionId: string | undefined;
    };

const REFERENCE = /\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}/g;
/** arn:partition:secretsmanager:region:account:secret:name */
const ARN_PARTS = 7;

export function hasDynamicReference(text: string): boolean {
  return text.includes('{{resolve:');
}

/** `text` with every dynamic reference replaced; what a reference gives is not searched again. */
export async function replaceDynamicReferences(
  text: string,
  read: (reference: DynamicReference) => Promise<string>,
): Promise<string> {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    parts.push(text.slice(end, match.index), await read(parse(match[1] ?? '', match[2] ?? '')));
    end = match.index + match[0].length;
  }
  return parts.join('') + text.slice(end);
}

function parse(service: string, rest: string): DynamicReference {
  const parts = rest.split(':');
  if (service !== 'secretsmanager') return { kind: 'ssm', name: parts[0] ?? '', version: given(parts[1]) };
  const idParts = rest.startsWith('arn:') ? ARN_PARTS : 1;
  const [, jsonKey, stage, versionId] = parts.slice(idParts);
  return {
    kind: 'secret',
    secretId: parts.slice(0, idParts).join(':'),
    jsonKey: given(jsonKey),
    stage: given(stage),
    versionId: given(versionId),
  };
}

function given(part: string | undefined): string | undefined {
  return part === undefined || part === '' ? undefined : part;
}
